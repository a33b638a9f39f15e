"""The tables that move to another database, and a digest of their rows.

The digest does not depend on the order of the rows, because databases sort texts differently.
"""

from __future__ import annotations

import marshal
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from kg.store.rows.schema import metadata as graph_metadata
from kptm.modeledge.sql.record_tables import metadata as modeledge_metadata
from kptm.passages.passage_tables import metadata as passage_metadata

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from sqlalchemy import Table

WORDS = "passage_terms"
"""The index of words, which is rebuilt, because SQLite and PostgreSQL split words differently."""

_MODULUS = 2**64
_MARSHAL = 2
"""The newest format of marshal in which equal rows have equal bytes."""


@dataclass(frozen=True, slots=True)
class MovedTable:
    """A table.

    Attributes:
        name: Its name.
        columns: The names of its columns.
        key: The columns that sort its rows.
        aliases: The columns as SQLite selects them.
    """

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    aliases: tuple[str, ...]

    def select(self, *, after: bool) -> str:
        """SQLite's statement for a page of rows, by its key.

        Args:
            after: Whether the page begins after a key, which is the first parameters; the last one
                is the number of rows.
        """
        key = ", ".join(self.aliases[self.columns.index(column)] for column in self.key)
        marks = ", ".join("?" * len(self.key))
        where = f" WHERE ({key}) > ({marks})" if after else ""
        return f"SELECT {', '.join(self.aliases)} FROM {self.name}{where} ORDER BY {key} LIMIT ?"

    def key_of(self, row: Sequence[Any]) -> list[Any]:
        """The key of a row."""
        return [row[self.columns.index(column)] for column in self.key]


@dataclass(slots=True)
class Digest:
    """The number of some rows, and a digest of them.

    Attributes:
        rows: The number of rows.
        value: The sum of the rows' hashes.
    """

    rows: int = 0
    value: int = 0

    def add(self, row: Sequence[Any]) -> None:
        """Add a row of numbers, texts, bytes and None."""
        raw = blake2b(marshal.dumps(tuple(row), _MARSHAL), digest_size=8).digest()
        self.value = (self.value + int.from_bytes(raw, "big")) % _MODULUS
        self.rows += 1


def moved_tables() -> Iterator[MovedTable]:
    """All tables with contents; those that others refer to come first."""
    for metadata in (graph_metadata, modeledge_metadata, passage_metadata):
        for table in metadata.sorted_tables:
            yield _of(table)
    yield MovedTable("name_index", ("id", "surface"), ("id",), ("rowid", "surface"))


def _of(table: Table) -> MovedTable:
    columns = tuple(column.name for column in table.columns)
    key = tuple(column.name for column in table.primary_key)
    return MovedTable(table.name, columns, key, columns)
