"""SQL on a driver's own cursor: the few verbs that the rooms of the store speak in.

Statements are written once, with ``?`` for a parameter, for SQLite and PostgreSQL alike. SQLAlchemy
opens the connection; its execution layer costs ten times what one hop of the graph does, so that it
is left out here.
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

PAGE = 2_000
"""Rows fetched at a time."""

GROUP = 50
"""Rows that one INSERT of SQLite holds."""

_STREAMS = count()


class Sql:
    """Statements on one connection of a driver, inside whatever transaction it is in."""

    def __init__(self, driver: Any, *, postgresql: bool) -> None:
        self._driver = driver
        self.postgresql = postgresql

    @classmethod
    def on(cls, connection: sa.Connection) -> Sql:
        """The verbs on SQLAlchemy's ``connection``, in its transaction."""
        driver = connection.connection.driver_connection
        return cls(driver, postgresql=connection.dialect.name == "postgresql")

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        """Run one statement; return how many rows it changed."""
        return int(self.cursor(statement, parameters).rowcount)

    def one(self, statement: str, parameters: Sequence[Any] = ()) -> Any:
        """The first value of the first row, None where there is none."""
        row = self.cursor(statement, parameters).fetchone()
        return None if row is None else row[0]

    def all(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows."""
        found: list[tuple[Any, ...]] = self.cursor(statement, parameters).fetchall()
        return found

    def first(
        self, statement: str, parameters: Sequence[Any] = ()
    ) -> tuple[list[tuple[Any, ...]], bool]:
        """The first page of rows, and whether that is all of them."""
        cursor = self.cursor(statement, parameters)
        rows = cursor.fetchmany(PAGE)
        cursor.close()
        return rows, len(rows) < PAGE

    def stream(self, statement: str, parameters: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Rows, a page at a time; memory does not grow with their number."""
        if self.postgresql:
            # Named, so that the server holds the rows: a plain cursor would fetch them all. Streams
            # may be nested, hence the number.
            cursor = self._driver.cursor(name=f"kptm_{next(_STREAMS)}")
            cursor.execute(self._adapt_placeholders(statement), parameters)
        else:
            cursor = self.cursor(statement, parameters)
        try:
            while rows := cursor.fetchmany(PAGE):
                yield from rows
        finally:
            with suppress(sqlite3.ProgrammingError):  # an error has closed the database already
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
        """Insert rows as fast as the database can: by COPY where it knows that.

        Args:
            table: Its name.
            columns: Those that the rows have, as SQL lists them.
            rows: A tuple each.
            same: Columns beside those with one value for all rows.
            grouped: Many rows by one statement on SQLite: half the time for a table with a primary
                key alone, twice the time where each statement needs a savepoint for a unique
                column.
        """
        fixed = same or {}
        named = ", ".join([columns, *fixed])
        if self.postgresql:
            cursor = self._driver.cursor()
            with cursor, cursor.copy(f"COPY {table} ({named}) FROM STDIN") as copy:
                for text in _copy_text(rows, tuple(fixed.values())):
                    copy.write(text)
        else:
            # One value for all rows stands in the statement itself: a parameter less a row.
            marks = ", ".join(["?"] * (columns.count(",") + 1) + [f"{n:d}" for n in fixed.values()])
            insert = f"INSERT INTO {table} ({named}) VALUES"
            if grouped:
                self._insert_groups(insert, f"({marks})", rows)
            else:
                self.many(f"{insert} ({marks})", rows)

    def _insert_groups(self, insert: str, marks: str, rows: Iterable[Sequence[Any]]) -> None:
        source = iter(rows)
        width = marks.count("?") * GROUP
        rest: list[Any] = []

        def groups() -> Iterator[tuple[Any, ...]]:
            while group := tuple(chain.from_iterable(islice(source, GROUP))):
                if len(group) < width:
                    rest.extend(group)
                    return
                yield group

        self.many(f"{insert} {', '.join([marks] * GROUP)}", groups())
        if rest:
            count = len(rest) // marks.count("?")
            self.run(f"{insert} {', '.join([marks] * count)}", rest)

    def values(self, items: Sequence[Any]) -> tuple[str, Any]:
        """A subquery that lists ``items``, and its one parameter.

        It is an IN list of any length, not to be negated.
        """
        # One parameter for any number of items: databases limit how many there may be, and a
        # statement whose text does not change is prepared once.
        if self.postgresql and not items:
            return "(?)", None  # of the type that it is compared with; nothing is in it
        if self.postgresql:
            kind = "bigint" if isinstance(items[0], int) else "text"
            return f"(SELECT unnest(?::{kind}[]))", list(items)
        return "(SELECT value FROM json_each(?))", json.dumps(items, ensure_ascii=False)

    def cursor(self, statement: str, parameters: Sequence[Any] = ()) -> Any:
        """The driver's cursor on a statement."""
        return self._driver.execute(self._adapt_placeholders(statement), parameters)

    def _adapt_placeholders(self, statement: str) -> str:
        return statement.replace("?", "%s") if self.postgresql else statement


def _copy_text(rows: Iterable[Sequence[Any]], rest: Sequence[int]) -> Iterator[str]:
    """Rows in COPY's text format, each followed by ``rest``, some thousands at a time.

    This takes a third of the time of the driver's own rows.
    """
    source = iter(rows)
    end = "".join(f"\t{number:d}" for number in rest) + "\n"
    while group := list(islice(source, PAGE)):
        if any(isinstance(value, str) for value in group[0]):
            group = [tuple(map(_escape, row)) for row in group]
            line = "\t".join(["%s"] * len(group[0])) + end
            yield "".join([line % row for row in group])
        else:
            line = "\t".join(["%s"] * len(group[0])) + end
            # Nothing but numbers and None, whose name in SQL is another.
            yield "".join([line % row for row in group]).replace("None", "\\N")


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _escape(value: Any) -> Any:
    """A value as COPY's text format writes it."""
    return value.translate(_ESCAPES) if isinstance(value, str) else value
