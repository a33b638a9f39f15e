"""Builds indexes after a large load instead of updating them during it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex

from kg.store.rows.schema import triple, triple_source

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

    from kg.sql.cursor import Sql

WORTH = 50_000
"""Dropping and rebuilding an index can only save time in a load of more rows than this."""

SORTING = "128MB"
"""Memory that PostgreSQL may use to build an index."""

_KEYS = {
    table.name: ", ".join(column.name for column in table.primary_key)
    for table in (triple, triple_source)
}
"""Primary keys that are rebuilt too, on PostgreSQL, if the tables were empty before."""


class DeferredIndexes:
    """Drops the indexes that slow down a load of ``rows`` triples, and rebuilds them.

    Both happen in the load's transaction, so that an interrupted load leaves the indexes unchanged.
    PostgreSQL lets nobody read a table until the transaction that dropped an index of it ends, so
    that there only a load into an empty graph drops any.
    """

    def __init__(self, sql: Sql, rows: int) -> None:
        self._sql = sql
        self.nothing_stored = sql.one("SELECT 1 FROM triple LIMIT 1") is None
        stored = int(sql.one("SELECT max(id) FROM triple") or 0)
        self._dropped: list[str] = []
        if rows > max(WORTH, stored) and (self.nothing_stored or not sql.postgresql):
            self._dropped = ["ix_triple_tail", "ix_triple_relation"]
            if self.nothing_stored:  # else the load needs this index to find stored triples
                self._dropped.append("uq_triple")
        for name in self._dropped:
            sql.run(f"DROP INDEX {name}")
        # In SQLite a primary key is the table itself.
        self._keys = _KEYS if sql.postgresql and "uq_triple" in self._dropped else {}
        for table in self._keys:
            sql.run(f"ALTER TABLE {table} DROP CONSTRAINT pk_{table}")

    def make(self) -> None:
        """Rebuild the dropped indexes and keys."""
        dialect: Dialect = (
            postgresql.dialect() if self._sql.postgresql else sqlite.dialect()  # type: ignore[no-untyped-call]
        )
        if self._dropped and self._sql.postgresql:
            self._sql.run(f"SET LOCAL maintenance_work_mem = '{SORTING}'")
        for table, columns in self._keys.items():
            self._sql.run(f"ALTER TABLE {table} ADD CONSTRAINT pk_{table} PRIMARY KEY ({columns})")
        by_name = {str(index.name): index for index in triple.indexes}
        for name in self._dropped:
            statement = CreateIndex(by_name[name]).compile(dialect=dialect)
            self._sql.run(str(statement))
