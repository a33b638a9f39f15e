"""The schema in which a move fills the tables, before one transaction places all of them.

    kptm_move.triple …  ─ all verified ─►  public.triple …

Other processes see no table before all of them are placed. If the process is killed, the schema
remains, with the rows copied so far and the key of the last row of each table.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from kg.errors import StoreError
from kg.sql.cursor import Sql
from kg.sql.location import with_driver
from kg.sql.migrate import VERSION_TABLE, migrate
from kg.sql.partitions import count_partitions, divide
from kptm.errors import WorkspaceError
from kptm.workspace.database.moved_tables import WORDS, Digest, moved_tables

if TYPE_CHECKING:
    import psycopg

    from kptm.workspace.database.moved_tables import MovedTable

SCHEMA = "kptm_move"
MOVE_LOCK = 7_061_747
"""An arbitrary number that a move locks, so that two cannot fill one schema."""

_NOTES = f"""
CREATE TABLE {SCHEMA}.move_state (source text NOT NULL, placed boolean NOT NULL);
CREATE TABLE {SCHEMA}.move_progress (name text PRIMARY KEY, last text NOT NULL,
    rows bigint NOT NULL, digest numeric(20) NOT NULL);
CREATE TABLE {SCHEMA}.move_index (name text PRIMARY KEY, definition text NOT NULL)
"""
_INDEXES = """
SELECT i.relname, pg_get_indexdef(i.oid) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
WHERE i.relnamespace = %s::regnamespace AND i.relname NOT LIKE 'move%%'
AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.oid)
"""


class MoveStaging:
    """The schema of a move.

    Args:
        connection: A connection to the server; the tables are placed in its default schema.
        url: The URL of the database, with the password.
        name: The URL for messages.
        source: The file that is moved.
        partitions: The number of hash partitions of the largest tables; None for plain tables.
    """

    def __init__(
        self,
        connection: psycopg.Connection,
        url: str,
        name: str,
        source: str,
        *,
        partitions: int | None = None,
    ) -> None:
        self._partitions = partitions
        self.connection, self._url, self._name, self._source = connection, url, name, source
        self._home = str(self._one("SELECT current_schema()") or "public")

    def _one(self, statement: str, *parameters: Any) -> Any:
        row = self.connection.execute(statement, parameters or None).fetchone()
        return None if row is None else row[0]

    def lock(self) -> None:
        """Lock out other moves until the connection ends.

        Raises:
            WorkspaceError: Another move is running.
        """
        if not self._one(f"SELECT pg_try_advisory_lock({MOVE_LOCK})"):
            raise WorkspaceError(
                f"{self._name}: another kptm move is filling it; wait for it to end"
            )

    # ── beginning ────────────────────────────────────────────────────────────────────────────

    def prepare(self) -> bool:
        """Resume an earlier move of the file, or begin one; return whether all tables are placed.

        Raises:
            WorkspaceError: The database has tables, or an unfinished move of another file or with
                another number of partitions.
            StoreError: The tables cannot be created.
        """
        noted = self._one("SELECT to_regclass(%s)", f"{SCHEMA}.move_index") is not None
        if noted:
            source, placed = self.connection.execute(
                f"SELECT source, placed FROM {SCHEMA}.move_state"
            ).fetchone() or ("", False)
            if source != self._source:
                raise WorkspaceError(
                    f"{self._name}: has an unfinished move of {source}; finish that one, or DROP"
                    f" SCHEMA {SCHEMA} CASCADE"
                )
            if placed:
                return True
            self._check_partitions()
        self._check_empty()
        if not noted:
            self._begin()
        return False

    def _check_partitions(self) -> None:
        with self.connection.transaction():
            begun = count_partitions(self.sql())
        if begun != (self._partitions or 0):
            raise WorkspaceError(
                f"{self._name}: has an unfinished move with {begun or 'no'} partitions; finish that"
                f" one, or DROP SCHEMA {SCHEMA} CASCADE"
            )

    def _check_empty(self) -> None:
        query = "SELECT count(*) FROM information_schema.tables WHERE table_schema = %s"
        if self._one(query, self._home):
            raise WorkspaceError(
                f"{self._name}: has tables already; name an empty database (createdb)"
            )

    def _begin(self) -> None:
        """Create the tables; drop indexes that are faster to build later, and note them."""
        self.connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        self.connection.execute(f"CREATE SCHEMA {SCHEMA}")
        # In the default schema, where it stays. Without it, a search reads the whole table.
        with suppress(Exception):
            self.connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        engine = sa.create_engine(
            with_driver(self._url),
            connect_args={"options": f"-c search_path={SCHEMA},{self._home}"},
        )
        try:
            migrate(engine, self._name)
        finally:
            engine.dispose()
        with self.connection.transaction():
            # The rows that the migrations insert are copied from the file instead.
            for table in reversed(list(moved_tables())):
                self.connection.execute(f"DELETE FROM {SCHEMA}.{table.name}")
            self.connection.execute(_NOTES)
            for name, definition in self.connection.execute(_INDEXES, (SCHEMA,)).fetchall():
                self.connection.execute(
                    f"INSERT INTO {SCHEMA}.move_index VALUES (%s, %s)", (name, definition)
                )
                self.connection.execute(f"DROP INDEX {SCHEMA}.{name}")
            if self._partitions is not None:
                divide(self.sql(), self._partitions)
            self.connection.execute(
                f"INSERT INTO {SCHEMA}.move_state VALUES (%s, false)", (self._source,)
            )

    def drop(self) -> None:
        """Remove the schema with all its tables."""
        self.connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")

    # ── filling ──────────────────────────────────────────────────────────────────────────────

    def progress_of(self, table: str) -> tuple[list[Any], Digest]:
        """The key of the last row that was copied, and the digest of the rows so far."""
        row = self.connection.execute(
            f"SELECT last, rows, digest FROM {SCHEMA}.move_progress WHERE name = %s", (table,)
        ).fetchone()
        return ([], Digest()) if row is None else (json.loads(row[0]), Digest(row[1], int(row[2])))

    def note_progress(self, table: str, last: list[Any], digest: Digest) -> None:
        """Store the progress of a table, in the transaction that copies the rows."""
        self.connection.execute(
            f"INSERT INTO {SCHEMA}.move_progress VALUES (%s, %s, %s, %s) ON CONFLICT (name) DO"
            " UPDATE SET last = excluded.last, rows = excluded.rows, digest = excluded.digest",
            (table, json.dumps(last), digest.rows, digest.value),
        )

    def index_words(self, page: int) -> None:
        """Index the words of the passages, one page per transaction."""
        while True:
            [last] = self.progress_of(WORDS)[0] or [0]
            until = self._one(
                f"SELECT max(id) FROM (SELECT id FROM {SCHEMA}.passage WHERE id > %s ORDER BY id"
                " LIMIT %s) AS p",
                last,
                page,
            )
            if until is None:
                return
            with self.connection.transaction():
                self.connection.execute(
                    f"INSERT INTO {SCHEMA}.{WORDS} (id, terms) SELECT id, to_tsvector('simple',"
                    f" text) FROM {SCHEMA}.passage WHERE id > %s AND id <= %s",
                    (last, until),
                )
                self.note_progress(WORDS, [until], Digest())

    def make_indexes(self) -> None:
        """Create the dropped indexes, each in a transaction of its own."""
        listed = f"SELECT name, definition FROM {SCHEMA}.move_index ORDER BY name"
        for name, definition in self.connection.execute(listed).fetchall():
            with self.connection.transaction():
                self.connection.execute("SET LOCAL maintenance_work_mem = '128MB'")
                self.connection.execute(definition)
                self.connection.execute(f"DELETE FROM {SCHEMA}.move_index WHERE name = %s", (name,))

    # ── ending ───────────────────────────────────────────────────────────────────────────────

    def digest(self, table: MovedTable, *, placed: bool = False) -> Digest:
        """The digest of a table as the server has it now."""
        schema = self._home if placed else SCHEMA
        digest = Digest()
        columns = ", ".join(table.columns)
        with self.connection.transaction(), self.connection.cursor(name="kptm_digest") as rows:
            rows.itersize = 2_000
            rows.execute(f"SELECT {columns} FROM {schema}.{table.name}")
            for row in rows:
                digest.add(row)
        return digest

    def count_words(self) -> int:
        """The number of passages whose words are indexed."""
        return int(self._one(f"SELECT count(*) FROM {SCHEMA}.{WORDS}"))

    def sql(self) -> Sql:
        """Statements on the tables of the schema, within a transaction of the connection."""
        self.connection.execute(f"SET LOCAL search_path = {SCHEMA}, {self._home}")
        return Sql(self.connection, postgresql=True)

    def place(self) -> None:
        """Place all tables into the database's default schema, in one transaction."""
        with self.connection.transaction():
            self._check_empty()
            for name in [*self._names(), *self._partition_names()]:
                self.connection.execute(f"ALTER TABLE {SCHEMA}.{name} SET SCHEMA {self._home}")
            self.connection.execute(f"UPDATE {SCHEMA}.move_state SET placed = true")
        for name in self._names():
            self.connection.execute(f"ANALYZE {self._home}.{name}")

    def withdraw(self) -> None:
        """Remove placed tables, if nothing has changed them, so that the move can begin again.

        Raises:
            StoreError: The tables have been changed.
        """
        for table in moved_tables():
            if self.digest(table, placed=True) != self.progress_of(table.name)[1]:
                raise StoreError(
                    f"{self._name}: both its table {table.name} and the workspace's file have been"
                    " changed since kptm move copied them; name another database, or drop this one"
                )
        with self.connection.transaction():
            for name in reversed(self._names()):
                self.connection.execute(f"DROP TABLE {self._home}.{name}")
            self.drop()

    def _partition_names(self) -> list[str]:
        """The partitions, which do not follow their table into another schema."""
        query = (
            "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'"
            " AND relnamespace = %s::regnamespace ORDER BY relname"
        )
        return [name for (name,) in self.connection.execute(query, (SCHEMA,)).fetchall()]

    def _names(self) -> list[str]:
        return [*(table.name for table in moved_tables()), WORDS, VERSION_TABLE]
