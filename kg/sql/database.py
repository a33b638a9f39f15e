"""A pool of connections, with one transaction per ``read()`` or ``write()``.

Every error of the driver is raised as a StoreError that names the database and says what to do.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from kg.errors import InvalidNameError, StoreError
from kg.sql.cursor import Sql
from kg.sql.driver_errors import explain
from kg.sql.location import Location, with_driver
from kg.sql.migrate import migrate
from kg.sql.partitions import COLUMNS, count_partitions
from kg.sql.replica import READ_ONLY, Replica

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

BUSY_SECONDS = 10
"""Seconds that a writer waits for another writer."""

WRITER_CACHE_KIB = 65_536
"""SQLite's page cache of a writer; loading a million triples reads index pages again and again."""

READER_CACHE_KIB = 16_384
"""SQLite's page cache of a reader."""

WRITER_LOCK = 7_061_746
"""An arbitrary number, which all writers of kptm lock on PostgreSQL; readers do not."""


class Database:
    """An open database: a SQLite file (a path) or any SQLAlchemy URL, migrated to our schema.

    Args:
        where: The path or URL.
        read_only: Whether to leave the database unchanged, and a SQLite file's folder too. One
            with an older schema is then refused, because it would have to be migrated.
        partitions: The number of hash partitions of the largest tables of a new PostgreSQL
            database (see :mod:`kg.sql.partitions`). An existing database must have this number.

    Raises:
        StoreError: The database cannot be opened, was not made by kptm, is newer than this
            version of kptm, or cannot have these partitions.
    """

    def __init__(
        self, where: str | Path, *, read_only: bool = False, partitions: int | None = None
    ) -> None:
        self.location = Location(where)
        self.name, self.path = self.location.name, self.location.path
        self.location.check_folder()
        self.engine = self._engine(str(where), read_only)
        if self.engine.dialect.name == "sqlite":
            _tune_sqlite(self.engine)
        elif self.engine.dialect.name == "postgresql":
            _tune_postgresql(self.engine)
        # One connection per thread: a thread must not read the open transaction of another.
        self._of_thread = threading.local()
        self._replica: Replica | None = None
        # The connections of all threads, so that close() also closes those of ended threads.
        self._thread_connections: list[Any] = []
        try:
            with self._explain_errors():
                migrate(self.engine, self.name, partitions)
        except BaseException:
            self.engine.dispose()
            raise
        self.location.note_opened()

    def _engine(self, where: str, read_only: bool) -> sa.Engine:
        if self.path is not None:
            url = sa.URL.create("sqlite", database=where)
            reader = self.location.reader(always=read_only)
            return (
                sa.create_engine(url) if reader is None else sa.create_engine(url, creator=reader)
            )
        try:
            url = sa.make_url(with_driver(where))
            server = url.get_backend_name() == "postgresql"
            options = {"options": READ_ONLY} if read_only and server else {}
            # A server may have ended a connection of the pool; then another one is opened.
            return sa.create_engine(url, pool_pre_ping=server, connect_args=options)
        except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
            reason = self.location.mask_password(str(error))
            refusal = StoreError(f"{self.name!r}: no usable database URL ({reason})")
            raise refusal from self._cause(error)

    def _cause(self, error: Exception) -> Exception | None:
        """The error, to be shown as the cause of another; None if it contains the password."""
        return None if self.location.has_secret(error) else error

    def __repr__(self) -> str:
        return f"Database({self.name!r})"

    def use_replica(self, where: str) -> None:
        """Let :meth:`on_replica` read from a streaming replica of this database's server.

        Args:
            where: The URL of the replica.

        Raises:
            StoreError: This is no database of PostgreSQL, or the URL is not one of its replicas.
        """
        if self.engine.dialect.name != "postgresql":
            raise StoreError(f"{self.name}: only a database of PostgreSQL has replicas")
        replica = Replica(where)
        try:
            with self.quick() as sql:
                replica.check(sql)
        except BaseException:
            replica.close()
            raise
        self._replica = replica

    @contextmanager
    def on_replica(self) -> Iterator[bool]:
        """Let this thread read from the replica in the block, if there is one without a lag.

        From the first write of the block on, everything is read from the primary again.

        Yields:
            Whether the block begins on the replica.
        """
        replica = self._replica
        if replica is None or self.in_transaction or not replica.has_caught_up(self._first_value):
            yield False
            return
        self._of_thread.replica = replica
        try:
            yield True
        finally:
            self._of_thread.replica = None

    def _first_value(self, statement: str) -> Any:
        with self.quick() as sql:
            return sql.one(statement)

    def _thread_replica(self) -> Replica | None:
        """The replica from which this thread reads now, if any."""
        replica: Replica | None = getattr(self._of_thread, "replica", None)
        return replica

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """The exceptions that the driver may raise."""
        return SQLAlchemyError, self.engine.dialect.loaded_dbapi.Error, OverflowError

    @contextmanager
    def quick(self) -> Iterator[Sql]:
        """This thread's connection for single statements, without a transaction.

        It costs a tenth of :meth:`reading`. Every cursor must be read to its end or closed in the
        block; an open cursor would keep the connection at the present state of the graph.
        """
        with self._explain_errors():
            shared = self._shared_connection()
            yield self._thread_sql() if shared is None else Sql.on(shared)

    def _shared_connection(self) -> sa.Connection | None:
        """The connection of the transaction that this thread has open, if it has one."""
        connection: sa.Connection | None = getattr(self._of_thread, "shared", None)
        return connection

    @property
    def in_transaction(self) -> bool:
        """Whether this thread is inside :meth:`transaction`."""
        return self._shared_connection() is not None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all writes of this thread in the block one transaction; the block reads them too.

        A write that fails is rolled back alone if the block continues. If the block ends with an
        error, everything is rolled back.
        """
        if self._shared_connection() is not None:  # nested: the outer transaction commits
            yield
            return
        with self.write() as connection:
            self._of_thread.shared = connection
            try:
                yield
            finally:
                self._of_thread.shared = None

    def _thread_sql(self) -> Sql:
        replica = self._thread_replica()
        if replica is not None:
            return replica.thread_sql()
        sql: Sql | None = getattr(self._of_thread, "sql", None)
        if sql is None or sql.closed:
            connection = self.engine.raw_connection()
            driver = connection.driver_connection
            postgresql = self.engine.dialect.name == "postgresql"
            # Otherwise psycopg would begin a transaction, and the connection would stay in it.
            if postgresql and driver is not None:
                driver.autocommit = True
            self._thread_connections.append(connection)
            sql = self._of_thread.sql = Sql(driver, postgresql=postgresql)
        return sql

    @contextmanager
    def reading(self) -> Iterator[Sql]:
        """Like :meth:`read`, but with our :class:`Sql` on the connection."""
        with self.read() as connection:
            yield Sql.on(connection)

    def rows(
        self, statement: str, parameters: Sequence[Any], *, few: bool = True
    ) -> Iterator[tuple[Any, ...]]:
        """Stream the rows of a statement, without a transaction if there are ``few``."""
        if few:
            with self.quick() as sql:
                rows, complete = sql.first(statement, parameters)
            if complete:
                yield from rows
                return
        # More than a page is read again in a transaction: pages without one may differ in state.
        with self.reading() as sql:
            yield from sql.stream(statement, parameters)

    @contextmanager
    def writing(self, *, wait: bool = True) -> Iterator[tuple[Sql, sa.Transaction]]:
        """Like :meth:`write`, but with our :class:`Sql` and a transaction that can be rolled back.

        Inside :meth:`transaction` this is a savepoint, which is rolled back alone.
        """
        shared = self._shared_connection()
        if shared is None:
            with self.write(wait=wait) as connection:
                yield Sql.on(connection), _current(connection)
            return
        with self._explain_errors(), shared.begin_nested() as savepoint:
            yield Sql.on(shared), savepoint

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the graph from beginning to end."""
        shared = self._shared_connection()
        if shared is not None:
            yield shared
            return
        replica = self._thread_replica()
        engine = self.engine if replica is None else replica.engine
        with self._explain_errors(), engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self, *, wait: bool = True) -> Iterator[sa.Connection]:
        """A transaction that is committed at the end of the block, or rolled back on an error.

        The block may also roll back itself if it has nothing to change.

        Args:
            wait: Whether to wait for another writer, for at most :data:`BUSY_SECONDS`. If not, a
                locked database is an error at once.
        """
        self._of_thread.replica = None  # the block must read what it writes
        with self._explain_errors(), self.engine.connect() as connection:
            connection = connection.execution_options(kptm_write=True, kptm_wait=wait)
            with connection.begin():
                yield connection
                self.location.check_opened()

    def maintain(self, *statements: str) -> bool:
        """Run statements that are not allowed in a transaction.

        Returns:
            Whether the first value of the last statement's result is not 0. PRAGMA wal_checkpoint
            returns 1 if another connection prevented it.

        Raises:
            StoreError: Another process has locked the database.
        """
        with self._explain_errors(), self.engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            sql = Sql.on(connection)
            rows = [sql.cursor(statement).fetchall() if not sql.postgresql else sql.run(statement)
                    for statement in statements]  # fmt: skip
        return bool(rows and isinstance(rows[-1], list) and rows[-1] and rows[-1][0][0])

    def rewrite(self) -> None:
        """Rewrite every page, so that no page still contains deleted rows.

        Raises:
            StoreError: Another process is reading the database. The rows are deleted; their bytes
                are removed when the database is next opened.
        """
        if self.engine.dialect.name == "postgresql":
            # A divided table has no pages of its own; its partitions are listed too.
            with self.quick() as sql:
                divided = set(COLUMNS) if count_partitions(sql) else set()
            tables = set(sa.inspect(self.engine).get_table_names()) - divided
            patience = f"SET lock_timeout = {BUSY_SECONDS * 1000:.0f}"
            vacuum = [f"VACUUM FULL {table}" for table in sorted(tables)]
            self.maintain(patience, *vacuum, "RESET lock_timeout")
            return
        self.maintain("VACUUM")
        if self.maintain("PRAGMA wal_checkpoint(TRUNCATE)"):
            raise StoreError(
                f"{self.name}: the rows are deleted, but another process still reads the old file;"
                " open the graph again when it has ended"
            )

    def close(self) -> None:
        """Close every connection; on SQLite this folds the write-ahead log into the file."""
        if self._replica is not None:
            self._replica.close()
        while self._thread_connections:
            connection = self._thread_connections.pop()
            if self.engine.dialect.name == "postgresql":
                try:
                    # The connection returns to the pool, whose users expect the default.
                    connection.driver_connection.autocommit = False
                except self.failures:  # the server has ended it
                    connection.invalidate()
            connection.close()
        self._of_thread = threading.local()
        self.engine.dispose()

    @contextmanager
    def _explain_errors(self) -> Iterator[None]:
        try:
            yield
        except UnicodeEncodeError as error:
            raise InvalidNameError("text holds a lone surrogate", str(error.object)) from error
        except self.failures as error:
            if "NUL (0x00)" in str(error):  # from PostgreSQL; SQLite accepts such parameters
                raise InvalidNameError("text holds a NUL character") from error
            raise explain(error, self.location) from self._cause(error)


def _current(connection: sa.Connection) -> sa.Transaction:
    transaction = connection.get_transaction()
    if transaction is None:
        raise StoreError("no transaction is open")
    return transaction


def _tune_sqlite(engine: sa.Engine) -> None:
    """Begin transactions explicitly, wait for other writers, and check foreign keys.

    The driver itself would begin a transaction only before the first change, so that the reads
    before it could see another state.
    """

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        # SQLite's default for each new connection is off.
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # On the driver, for speed: an edit or a question begins several transactions.
        driver: Any = connection.connection.driver_connection
        options = connection.get_execution_options()
        wait = BUSY_SECONDS * 1000 if options.get("kptm_wait", True) else 0
        driver.execute(f"PRAGMA busy_timeout={wait:.0f}").close()
        write = options.get("kptm_write", False)
        cache = WRITER_CACHE_KIB if write else READER_CACHE_KIB
        driver.execute(f"PRAGMA cache_size=-{cache}").close()
        # IMMEDIATE, because a transaction that begins as a reader cannot write after another
        # process has written, and busy_timeout does not help in that case.
        driver.execute("BEGIN IMMEDIATE" if write else "BEGIN").close()


def _tune_postgresql(engine: sa.Engine) -> None:
    """Let a reader see one state and let one writer at a time write, as SQLite always does.

    Revisions are numbered in the order of their commits only if no two are written at once.
    """

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        driver: Any = connection.connection.driver_connection
        if not options.get("kptm_write", False):
            driver.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            return
        # All statements in one message. The server serves waiting writers in the order in which
        # they came, so that none has to try again. On divided tables it overestimates look-ups of
        # single rows, and would compile them (JIT), which takes tens of milliseconds.
        wait = BUSY_SECONDS * 1000 if options.get("kptm_wait", True) else 1
        driver.execute(
            f"SET LOCAL lock_timeout = {wait:.0f}; SET LOCAL jit = off;"
            f" SELECT pg_advisory_xact_lock({WRITER_LOCK})"
        )
