"""The layout of a table: its header, and one triple or one entity per row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from kg.errors import KGError, TripleFormatError

if TYPE_CHECKING:
    from collections.abc import Sequence

Columns: TypeAlias = "Sequence[str] | Sequence[int]"
"""Columns, by their names in the header or by their positions from 0."""

Row: TypeAlias = tuple[int, str, "list[str] | TripleFormatError"]
"""A row: the number of its first line, its text, and its fields or the error in it."""

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
"""The usual headers of a table with one triple per row."""


@dataclass(kw_only=True)
class TableLayout:
    """The layout of a table as the caller states it, and the reader's notes about the table.

    Attributes:
        columns: The columns of head, relation and tail.
        key: The column with the entities, for a table with one entity per row and one relation per
            column.
        split: The separator of several values in one cell.
        header: Whether the first row is a header; None to recognise the usual headers.
        notes: Guesses and omissions of the reader, for the report.
        empty: Number of empty cells, which are skipped.
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
    """The three column names if ``first`` is one of the usual headers, else None."""
    names = sorted(name.strip().lower() for name in first)
    return next((header for header in HEADERS if names == sorted(header)), None)
