"""Builds indexes after a large load instead of updating them during it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex

from kg.sql.partitions import count_partitions
from kg.store.rows.schema import triple, triple_source

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

    from kg.sql.cursor import Sql

MIN_ROWS_TO_REBUILD = 50_000
"""Dropping and rebuilding an index can only save time in a load of more rows than this."""

SORTING = "128MB"
"""Memory that PostgreSQL may use to build an index."""

_KEYS = (triple.name, triple_source.name)
"""Tables whose primary keys are rebuilt too, on PostgreSQL, if they were empty before."""

_KEY = (
    "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE conname = ? AND conrelid = CAST(? AS regclass)"
)
"""The definition of a primary key; that of a divided table has one more column."""

_MIN_CHANGED_SHARE = 0.1
"""The share of changed rows at which PostgreSQL analyses a table by itself, by default."""


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
        if rows > max(MIN_ROWS_TO_REBUILD, stored) and (self.nothing_stored or not sql.postgresql):
            self._dropped = ["ix_triple_tail", "ix_triple_relation"]
            if self.nothing_stored:  # else the load needs this index to find stored triples
                self._dropped.append("uq_triple")
        for name in self._dropped:
            sql.run(f"DROP INDEX {name}")
        # In SQLite a primary key is the table itself.
        rebuilt = _KEYS if sql.postgresql and "uq_triple" in self._dropped else ()
        self._keys = {table: str(sql.one(_KEY, (f"pk_{table}", table))) for table in rebuilt}
        for table in self._keys:
            sql.run(f"ALTER TABLE {table} DROP CONSTRAINT pk_{table}")
        # Autovacuum counts the values of partitions, but never those of the divided table.
        large = rows > max(MIN_ROWS_TO_REBUILD, stored * _MIN_CHANGED_SHARE)
        self._counted = large and count_partitions(sql) > 0

    def make(self) -> None:
        """Rebuild the dropped indexes and keys."""
        dialect: Dialect = (
            postgresql.dialect() if self._sql.postgresql else sqlite.dialect()  # type: ignore[no-untyped-call]
        )
        if self._dropped and self._sql.postgresql:
            self._sql.run(f"SET LOCAL maintenance_work_mem = '{SORTING}'")
        for table, key in self._keys.items():
            self._sql.run(f"ALTER TABLE {table} ADD CONSTRAINT pk_{table} {key}")
        by_name = {str(index.name): index for index in triple.indexes}
        for name in self._dropped:
            statement = CreateIndex(by_name[name]).compile(dialect=dialect)
            self._sql.run(str(statement))
        if self._counted:
            self._sql.run("ANALYZE triple")
