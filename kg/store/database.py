"""One connection pool, two ways in: ``read()`` and ``write()``, one transaction each.

Every failure of the driver leaves as a StoreError that says which database and what to do.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from kg.errors import StoreError
from kg.store.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

BUSY_SECONDS = 10
"""How long a writer waits for another writer."""

_HINTS = (
    ("database is locked", "another process is writing to it; wait for it to end, then try again"),
    ("readonly database", "it is read-only; copy it or change its permissions to write"),
    ("unable to open database", "its folder is missing or may not be written"),
    ("not a database", "this file is not a kptm graph; name another one"),
    ("malformed", "the file is damaged; restore it from a copy"),
    ("disk is full", "free some space, then try again"),
)


def _explain(error: Exception, name: str) -> StoreError:
    text = str(getattr(error, "orig", None) or error)
    hint = next((hint for mark, hint in _HINTS if mark in text), "")
    return StoreError(f"{name}: {text}" + (f"; {hint}" if hint else ""))


class Database:
    """A SQLite file (a path) or any SQLAlchemy URL; opened, migrated, ready.

    Raises:
        StoreError: It cannot be opened, is not ours, or is newer than this version of kptm.
    """

    def __init__(self, where: str | Path) -> None:
        self.name = str(where)
        is_url = isinstance(where, str) and "://" in where
        self.path = None if is_url else Path(where)
        if self.path is not None and not self.path.parent.is_dir():
            raise StoreError(f"{where}: there is no folder {self.path.parent}; make it first")
        if self.path is not None and self.path.is_dir():
            raise StoreError(f"{where}: is a folder; name a file in it")
        url = sa.URL.create("sqlite", database=str(where)) if self.path is not None else str(where)
        try:
            self.engine = sa.create_engine(url)
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise StoreError(f"{where}: no usable database URL ({error})") from error
        if self.engine.dialect.name == "sqlite":
            _tune_sqlite(self.engine)
        with self._explained():
            migrate(self.engine, self.name)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the graph from begin to end."""
        with self._explained(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that commits at the end of the block, or leaves no trace."""
        with self._explained(), self.engine.connect() as connection:
            connection = connection.execution_options(kptm_write=True)
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Close every connection; on SQLite this folds the write-ahead log into the file."""
        self.engine.dispose()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, SQLAlchemyError) as error:
            raise _explain(error, self.name) from error


def _tune_sqlite(engine: sa.Engine) -> None:
    """Real transactions (the driver's own begin comes late), a busy wait, foreign keys."""

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        write = connection.get_execution_options().get("kptm_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
