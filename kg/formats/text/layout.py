"""How a table is laid out: its separator, its header, a triple a row or an entity a row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from kg.errors import KGError, TripleFormatError

if TYPE_CHECKING:
    from collections.abc import Sequence

Columns: TypeAlias = "Sequence[str] | Sequence[int]"
"""Which columns are meant: their names in the header, or their positions from 0."""

Row: TypeAlias = tuple[int, str, "list[str] | TripleFormatError"]
"""A row's first line, its text, and its fields or the error in it."""

HEADERS = (
    ("head", "relation", "tail"),
    ("subject", "predicate", "object"),
    ("source", "relation", "target"),
    ("subject", "relation", "object"),
    ("entity", "relation", "value"),
    ("entity", "property", "value"),
    ("subject", "property", "value"),
    ("h", "r", "t"),
)
"""The usual headers of a table with a triple a row."""


@dataclass(kw_only=True)
class TableLayout:
    """What a person says of a table, and what was found in it.

    Attributes:
        columns: Which columns are head, relation, tail.
        key: The column whose cells are the entities, of a table with an entity a row and a relation
            a column.
        split: What separates several values in a cell.
        header: Whether the first row is a header; None: a usual one is recognised.
        notes: What was guessed or left out, for the report.
        empty: Cells that were skipped because nothing stands in them.
    """

    columns: Columns | None = None
    key: str | None = None
    split: str | None = None
    header: bool | None = None
    notes: list[str] = field(default_factory=list)
    empty: int = 0

    def __post_init__(self) -> None:
        if self.key is not None and self.columns is not None:
            raise KGError(
                "a table has columns for head, relation and tail, or a key column; give one of them"
            )
        if self.split is not None and (self.key is None or not self.split):
            raise KGError(
                "split is what separates values in the cells of a table with a key column"
            )


def known_header(first: Sequence[str]) -> tuple[str, ...] | None:
    """The names of head, relation and tail in a header that is one of the usual."""
    names = sorted(name.strip().lower() for name in first)
    return next((header for header in HEADERS if names == sorted(header)), None)
