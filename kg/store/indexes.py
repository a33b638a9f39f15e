"""Indexes that are made after a large load instead of during it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex

from kg.store.schema import triple

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

    from kg.store.sql import Sql

WORTH = 50_000
"""Rows from which on dropping and making an index anew can pay."""


class Late:
    """Drops what a load of ``rows`` triples would be slower with, and makes it again.

    Both belong to the load's own transaction: a load that is cut leaves the indexes as they were.
    """

    def __init__(self, sql: Sql, rows: int) -> None:
        self._sql = sql
        self.nothing_stored = sql.one("SELECT 1 FROM triple LIMIT 1") is None
        stored = int(sql.one("SELECT max(id) FROM triple") or 0)
        self._dropped: list[str] = []
        if rows > max(WORTH, stored):
            self._dropped = ["ix_triple_tail", "ix_triple_relation"]
            if self.nothing_stored:  # else it is what stored triples are found by
                self._dropped.append("uq_triple")
        for name in self._dropped:
            sql.run(f"DROP INDEX {name}")

    def make(self) -> None:
        """Make what was dropped."""
        dialect: Dialect = (
            postgresql.dialect() if self._sql.postgresql else sqlite.dialect()  # type: ignore[no-untyped-call]
        )
        by_name = {str(index.name): index for index in triple.indexes}
        for name in self._dropped:
            statement = CreateIndex(by_name[name]).compile(dialect=dialect)
            self._sql.run(str(statement))
