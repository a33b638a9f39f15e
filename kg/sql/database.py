"""One connection pool, two ways in: ``read()`` and ``write()``, one transaction each.

Every failure of the driver leaves as a StoreError that says which database and what to do.
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
from kg.sql.location import Location
from kg.sql.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

BUSY_SECONDS = 10
"""How long a writer waits for another writer."""

WRITER_CACHE_KIB = 65_536
"""Pages of SQLite that a writer holds; a load of a million triples reads its indexes over."""

READER_CACHE_KIB = 16_384
"""The same of a reader."""

_HINTS = (
    ("database is locked", "another process is writing to it; wait for it to end, then try again"),
    ("readonly database", "it is read-only; copy it or change its permissions to write"),
    ("unable to open database", "its folder is missing or may not be written"),
    ("not a database", "this file is not a kptm graph; name another one"),
    ("malformed", "the file is damaged; restore it from a copy"),
    ("disk is full", "free some space, then try again"),
)


def _explain(error: Exception, location: Location) -> StoreError:
    text = location.mask_password(str(getattr(error, "orig", None) or error))
    hint = next((hint for mark, hint in _HINTS if mark in text), "")
    if ("disk" in text or "unable to open" in text) and (folder := location.full_disk()):
        hint = f"the disk of {folder} is full: free some space, then try again"
    return StoreError(f"{location.name}: {text}" + (f"; {hint}" if hint else ""))


class Database:
    """A SQLite file (a path) or any SQLAlchemy URL; opened, migrated, ready.

    Args:
        where: The path or URL.
        read_only: Whether to leave a SQLite file and its folder as they are. A file with an older
            schema is refused then, because it would have to be migrated.

    Raises:
        StoreError: It cannot be opened, is not ours, or is newer than this version of kptm.
    """

    def __init__(self, where: str | Path, *, read_only: bool = False) -> None:
        self.location = Location(where)
        self.name, self.path = self.location.name, self.location.path
        self.location.check_folder()
        self.engine = self._engine(str(where), read_only)
        if self.engine.dialect.name == "sqlite":
            _tune_sqlite(self.engine)
        elif self.engine.dialect.name == "postgresql":
            _tune_postgresql(self.engine)
        # By thread: what one thread writes in a transaction is not to be read by another.
        self._own = threading.local()
        # All threads' connections in one list, so that close() reaches those of threads that have
        # ended.
        self._lent: list[Any] = []
        with self._explain_errors():
            migrate(self.engine, self.name)
        self.location.note_opened()

    def _engine(self, where: str, read_only: bool) -> sa.Engine:
        if self.path is not None:
            url = sa.URL.create("sqlite", database=where)
            reader = self.location.reader(always=read_only)
            return (
                sa.create_engine(url) if reader is None else sa.create_engine(url, creator=reader)
            )
        try:
            return sa.create_engine(where)
        except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
            reason = self.location.mask_password(str(error))
            told = StoreError(f"{self.name!r}: no usable database URL ({reason})")
            raise told from self._cause(error)

    def _cause(self, error: Exception) -> Exception | None:
        """An error to show as the cause of another; None where it says the password."""
        return None if self.location.has_secret(error) else error

    def __repr__(self) -> str:
        return f"Database({self.name!r})"

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """What the driver may raise."""
        return SQLAlchemyError, self.engine.dialect.loaded_dbapi.Error, OverflowError

    @contextmanager
    def quick(self) -> Iterator[Sql]:
        """For single statements: a connection of this thread, outside of any transaction.

        A tenth of the cost of :meth:`reading`. Every cursor has to be read to its end or closed in
        the block, or the connection would go on seeing the graph of that moment.
        """
        with self._explain_errors():
            shared = self._shared_connection()
            yield self._thread_sql() if shared is None else Sql.on(shared)

    def _shared_connection(self) -> sa.Connection | None:
        """The connection of the transaction that this thread has open, if it has one."""
        found: sa.Connection | None = getattr(self._own, "shared", None)
        return found

    @property
    def in_transaction(self) -> bool:
        """Whether this thread is inside of :meth:`transaction`."""
        return self._shared_connection() is not None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all that this thread writes in the block one transaction, and read its writes.

        A part that fails is rolled back alone if the block goes on. If the block ends by an error,
        everything is rolled back.
        """
        if self._shared_connection() is not None:  # part of the one around it
            yield
            return
        with self.write() as connection:
            self._own.shared = connection
            try:
                yield
            finally:
                self._own.shared = None

    def _thread_sql(self) -> Sql:
        sql: Sql | None = getattr(self._own, "sql", None)
        if sql is None:
            lent = self.engine.raw_connection()
            driver = lent.driver_connection
            postgresql = self.engine.dialect.name == "postgresql"
            # psycopg begins a transaction by itself, and the connection would stay idle in it.
            if postgresql and driver is not None:
                driver.autocommit = True
            self._lent.append(lent)
            sql = self._own.sql = Sql(driver, postgresql=postgresql)
        return sql

    @contextmanager
    def reading(self) -> Iterator[Sql]:
        """Like :meth:`read`, for the rooms of the graph."""
        with self.read() as connection:
            yield Sql.on(connection)

    def rows(
        self, statement: str, parameters: Sequence[Any], *, few: bool = True
    ) -> Iterator[tuple[Any, ...]]:
        """Stream the rows of a statement; where they are ``few``, without a transaction."""
        if few:
            with self.quick() as sql:
                rows, complete = sql.first(statement, parameters)
            if complete:
                yield from rows
                return
        # More than a page: read anew, because pages without a transaction may be of several states.
        with self.reading() as sql:
            yield from sql.stream(statement, parameters)

    @contextmanager
    def writing(self, *, wait: bool = True) -> Iterator[tuple[Sql, sa.Transaction]]:
        """Like :meth:`write`, for the rooms of the store; the transaction is there to roll back.

        Within :meth:`transaction` it is a part of that, and rolls back alone.
        """
        shared = self._shared_connection()
        if shared is None:
            with self.write(wait=wait) as connection:
                yield Sql.on(connection), _current(connection)
            return
        with self._explain_errors(), shared.begin_nested() as part:
            yield Sql.on(shared), part

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the graph from begin to end."""
        shared = self._shared_connection()
        if shared is not None:
            yield shared
            return
        with self._explain_errors(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self, *, wait: bool = True) -> Iterator[sa.Connection]:
        """A transaction that commits at the end of the block, or leaves no trace.

        The block may roll back by itself where it found nothing to change.

        Args:
            wait: Whether to wait for another writer; without, a locked database is an error
                at once.
        """
        with self._explain_errors(), self.engine.connect() as connection:
            connection = connection.execution_options(kptm_write=True, kptm_wait=wait)
            with connection.begin():
                yield connection
                self.location.check_opened()

    def maintain(self, *statements: str) -> bool:
        """Run statements that no transaction may hold.

        Return whether the last reports being prevented.

        Raises:
            StoreError: Somebody else holds the database.
        """
        with self._explain_errors(), self.engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            sql = Sql.on(connection)
            rows = [sql.cursor(statement).fetchall() if not sql.postgresql else sql.run(statement)
                    for statement in statements]  # fmt: skip
        return bool(rows and isinstance(rows[-1], list) and rows[-1] and rows[-1][0][0])

    def rewrite(self) -> None:
        """Write every page anew, so that none holds what was deleted.

        Raises:
            StoreError: Somebody reads the database; the rows are gone, the bytes go when it is
                opened next.
        """
        if self.engine.dialect.name == "postgresql":
            tables = sa.inspect(self.engine).get_table_names()
            self.maintain(*(f"VACUUM FULL {table}" for table in sorted(tables)))
            return
        self.maintain("VACUUM")
        if self.maintain("PRAGMA wal_checkpoint(TRUNCATE)"):
            raise StoreError(
                f"{self.name}: the rows are deleted, but another process still reads the old file;"
                " open the graph again when it has ended"
            )

    def close(self) -> None:
        """Close every connection; on SQLite this folds the write-ahead log into the file."""
        while self._lent:
            lent = self._lent.pop()
            # The pool gives the connection to others, who expect it as it came.
            if self.engine.dialect.name == "postgresql":
                lent.driver_connection.autocommit = False
            lent.close()
        self._own = threading.local()
        self.engine.dispose()

    @contextmanager
    def _explain_errors(self) -> Iterator[None]:
        try:
            yield
        except UnicodeEncodeError as error:
            raise InvalidNameError("text holds a lone surrogate", str(error.object)) from error
        except self.failures as error:
            if "NUL (0x00)" in str(error):  # SQLite looks for such a name, and finds none
                raise InvalidNameError("text holds a NUL character") from error
            raise _explain(error, self.location) from self._cause(error)


def _current(connection: sa.Connection) -> sa.Transaction:
    found = connection.get_transaction()
    if found is None:
        raise StoreError("no transaction is open")
    return found


def _tune_sqlite(engine: sa.Engine) -> None:
    """Real transactions (the driver's own begin comes late), a busy wait, foreign keys."""

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        # SQLite has them off by default, for each connection anew.
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # The driver itself: a transaction begins several times an edit or a question.
        driver: Any = connection.connection.driver_connection
        options = connection.get_execution_options()
        wait = BUSY_SECONDS * 1000 if options.get("kptm_wait", True) else 0
        driver.execute(f"PRAGMA busy_timeout={wait:.0f}").close()
        write = options.get("kptm_write", False)
        cache = WRITER_CACHE_KIB if write else READER_CACHE_KIB
        driver.execute(f"PRAGMA cache_size=-{cache}").close()
        # IMMEDIATE: a transaction that begins as a reader cannot write once another has written,
        # and busy_timeout does not help there.
        driver.execute("BEGIN IMMEDIATE" if write else "BEGIN").close()


def _tune_postgresql(engine: sa.Engine) -> None:
    """What SQLite does by itself: a reader sees one state, writers come one after the other.

    Revisions are numbered in the order of their commits only if no two are written at once.
    """

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("kptm_write", False):
            # The number stands for "a writer of kptm" alone; readers do not take this lock.
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7061746)")
        else:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
