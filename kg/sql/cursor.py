"""Runs SQL statements on the database driver's own cursor.

Each statement is written once for SQLite and PostgreSQL, with ``?`` for a parameter. SQLAlchemy
opens the connection but does not run the statements: its execution layer would take ten times as
long as following one relation of the graph.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import suppress
from itertools import chain, count, islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import sqlalchemy as sa

ROWS_PER_FETCH = 2_000
"""Number of rows fetched at a time."""

ROWS_PER_INSERT = 50
"""Number of rows in one INSERT of SQLite."""

_STREAMS = count()
_JSON = json.JSONEncoder(ensure_ascii=False)


class Sql:
    """Runs statements on one connection of a driver, in the connection's current transaction."""

    def __init__(self, driver: Any, *, postgresql: bool) -> None:
        self._driver = driver
        self.postgresql = postgresql

    @property
    def id_type(self) -> str:
        """The type of a column of ids: 64 bits on both databases.

        In SQLite, only the name INTEGER makes a primary key the table itself.
        """
        return "BIGINT" if self.postgresql else "INTEGER"

    @property
    def closed(self) -> bool:
        """Whether the server has ended the connection."""
        return self.postgresql and bool(self._driver.closed)

    @classmethod
    def on(cls, connection: sa.Connection) -> Sql:
        """Run statements on the driver's connection under SQLAlchemy's ``connection``."""
        driver = connection.connection.driver_connection
        return cls(driver, postgresql=connection.dialect.name == "postgresql")

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        """Run one statement; return how many rows it changed."""
        return int(self.cursor(statement, parameters).rowcount)

    def one(self, statement: str, parameters: Sequence[Any] = ()) -> Any:
        """The first value of the first row; None if there is no row."""
        row = self.cursor(statement, parameters).fetchone()
        return None if row is None else row[0]

    def all(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows."""
        rows: list[tuple[Any, ...]] = self.cursor(statement, parameters).fetchall()
        return rows

    def first(
        self, statement: str, parameters: Sequence[Any] = ()
    ) -> tuple[list[tuple[Any, ...]], bool]:
        """The first page of rows, and whether there are no more."""
        cursor = self.cursor(statement, parameters)
        rows = cursor.fetchmany(ROWS_PER_FETCH)
        cursor.close()
        return rows, len(rows) < ROWS_PER_FETCH

    def stream(self, statement: str, parameters: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield rows, fetched a page at a time, so that memory does not grow with their number."""
        if self.postgresql:
            # The server keeps the rows of a named cursor; a cursor without a name would fetch them
            # all. The number makes the names of nested streams differ.
            cursor = self._driver.cursor(name=f"kptm_{next(_STREAMS)}")
            cursor.execute(self._adapt_placeholders(statement), parameters)
        else:
            cursor = self.cursor(statement, parameters)
        try:
            while rows := cursor.fetchmany(ROWS_PER_FETCH):
                yield from rows
        finally:
            with suppress(sqlite3.ProgrammingError):  # raised if an error closed the database
                cursor.close()

    def many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each row of parameters."""
        self._driver.cursor().executemany(self._adapt_placeholders(statement), rows)

    def insert(
        self,
        table: str,
        columns: str,
        rows: Iterable[Sequence[Any]],
        *,
        same: Mapping[str, int] | None = None,
        grouped: bool = False,
    ) -> None:
        """Insert rows as fast as the database can: PostgreSQL by COPY.

        Args:
            table: The name of the table.
            columns: The names of the rows' columns, separated by commas.
            rows: The rows.
            same: Further columns that have the same value in all rows, with that value.
            grouped: Whether SQLite inserts many rows by one statement. This halves the time for a
                table that has only a primary key, and doubles it for one with a unique column,
                because each statement then needs a savepoint.
        """
        fixed = same or {}
        all_columns = ", ".join([columns, *fixed])
        if self.postgresql:
            cursor = self._driver.cursor()
            with cursor, cursor.copy(f"COPY {table} ({all_columns}) FROM STDIN") as copy:
                for text in _copy_text(rows, tuple(fixed.values())):
                    copy.write(text)
        else:
            # Values common to all rows are written into the statement, which saves parameters.
            marks = ", ".join(["?"] * (columns.count(",") + 1) + [f"{n:d}" for n in fixed.values()])
            insert = f"INSERT INTO {table} ({all_columns}) VALUES"
            if grouped:
                self._insert_groups(insert, f"({marks})", rows)
            else:
                self.many(f"{insert} ({marks})", rows)

    def _insert_groups(self, insert: str, marks: str, rows: Iterable[Sequence[Any]]) -> None:
        source = iter(rows)
        width = marks.count("?") * ROWS_PER_INSERT
        rest: list[Any] = []

        def groups() -> Iterator[tuple[Any, ...]]:
            while group := tuple(chain.from_iterable(islice(source, ROWS_PER_INSERT))):
                if len(group) < width:
                    rest.extend(group)
                    return
                yield group

        self.many(f"{insert} {', '.join([marks] * ROWS_PER_INSERT)}", groups())
        if rest:
            count = len(rest) // marks.count("?")
            self.run(f"{insert} {', '.join([marks] * count)}", rest)

    def values(self, items: Sequence[Any]) -> tuple[str, Any]:
        """A subquery that lists ``items`` for ``IN``, and its one parameter.

        The list may have any length. It must not be used with ``NOT IN``.
        """
        # One parameter suffices for any number of items: databases limit the number of parameters,
        # and a statement whose text does not change is prepared once.
        if self.postgresql and not items:
            return "(?)", None  # NULL takes the type of the other side, and equals nothing
        if self.postgresql:
            kind = "bigint" if isinstance(items[0], int) else "text"
            return f"(SELECT unnest(?::{kind}[]))", list(items)
        return "(SELECT value FROM json_each(?))", _JSON.encode(items)

    def cursor(self, statement: str, parameters: Sequence[Any] = ()) -> Any:
        """Run one statement; return the driver's cursor."""
        return self._driver.execute(self._adapt_placeholders(statement), parameters)

    def _adapt_placeholders(self, statement: str) -> str:
        # psycopg reads % as the beginning of a placeholder, and %% as the operator or wildcard.
        return statement.replace("%", "%%").replace("?", "%s") if self.postgresql else statement


def _copy_text(rows: Iterable[Sequence[Any]], rest: Sequence[int]) -> Iterator[str]:
    """Yield rows in COPY's text format, each followed by ``rest``, some thousands at a time.

    This takes a third of the time that the driver takes to write the rows one by one.
    """
    source = iter(rows)
    end = "".join(f"\t{number:d}" for number in rest) + "\n"
    while group := list(islice(source, ROWS_PER_FETCH)):
        if any(isinstance(value, str) for value in group[0]):
            group = [tuple(map(_escape, row)) for row in group]
            line = "\t".join(["%s"] * len(group[0])) + end
            yield "".join([line % row for row in group])
        else:
            line = "\t".join(["%s"] * len(group[0])) + end
            # The rows contain only numbers and None, which COPY writes as \N.
            yield "".join([line % row for row in group]).replace("None", "\\N")


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _escape(value: Any) -> Any:
    """Escape a value for COPY's text format."""
    return value.translate(_ESCAPES) if isinstance(value, str) else value
