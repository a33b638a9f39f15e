"""Revisions: every change of the graph has a number, by which it can be undone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kg.errors import StoreError
from kg.types import Revision

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.sql.cursor import Sql

PURGE = "purge"
"""The kind of a revision that cannot be undone."""


def begin(sql: Sql, kind: str, note: str, *, undoes: Iterable[int] = ()) -> int:
    """Open a new revision and return its number.

    Args:
        sql: A writing transaction.
        kind: The kind of change.
        note: A note on it.
        undoes: The revisions that it undoes.
    """
    at = datetime.now(UTC).isoformat(timespec="seconds")
    number = latest(sql) + 1
    sql.run(
        "INSERT INTO revision (id, kind, note, at, undoes) VALUES (?, ?, ?, ?, ?)",
        (number, kind, note, at, ",".join(map(str, undoes)) or None),
    )
    return number


def withdraw(sql: Sql, number: int) -> None:
    """Remove a revision that changed nothing."""
    sql.run("DELETE FROM revision WHERE id = ?", (number,))


def latest(sql: Sql) -> int:
    """The number of the newest revision, 0 for an empty graph."""
    return int(sql.one("SELECT max(id) FROM revision") or 0)


def newest(sql: Sql) -> tuple[int, str, str]:
    """Number, kind and note of the newest revision, which together identify a state of the graph.

    The number alone does not, because the number of a removed revision is used again.
    """
    rows = sql.all("SELECT id, kind, note FROM revision ORDER BY id DESC LIMIT 1")
    number, kind, note = rows[0] if rows else (0, "", "")
    return int(number), kind, note


def describe_revision(sql: Sql, number: int) -> tuple[int, str, str]:
    """Number, kind and note of a revision; kind and note are empty if it does not exist."""
    rows = sql.all("SELECT id, kind, note FROM revision WHERE id = ?", (number,))
    identifier, kind, note = rows[0] if rows else (number, "", "")
    return int(identifier), kind, note


def last_change(sql: Sql) -> int:
    """The newest revision that changed statements; a purge counts, as it changes the past."""
    row = sql.all(
        "SELECT (SELECT max(rev_added) FROM triple_source WHERE rev_added > 1),"
        " (SELECT max(rev_removed) FROM triple_source WHERE rev_removed IS NOT NULL),"
        " (SELECT max(id) FROM revision WHERE kind = ?), (SELECT min(id) FROM revision)",
        (PURGE,),
    )[0]
    return max(int(number or 0) for number in row)


def listing(sql: Sql, limit: int, at: int | None) -> list[Revision]:
    """The newest revisions, newest first."""
    until = "" if at is None else f" WHERE id <= {at:d}"
    query = f"SELECT {_COLUMNS} FROM revision{until} ORDER BY id DESC LIMIT ?"
    return list(map(_revision, sql.all(query, (limit,))))


def of_numbers(sql: Sql, numbers: Iterable[int]) -> list[Revision]:
    """Revisions by their numbers, newest first."""
    listed, parameter = sql.values(sorted(numbers))
    query = f"SELECT {_COLUMNS} FROM revision WHERE id IN {listed} ORDER BY id DESC"
    return list(map(_revision, sql.all(query, (parameter,))))


def list_edits_and_undos(sql: Sql, since: int) -> list[Revision]:
    """The edits, and the revisions that undo others, from ``since`` on, oldest first."""
    query = (
        f"SELECT {_COLUMNS} FROM revision WHERE id >= ? AND (kind = 'edit' OR undoes IS NOT NULL)"
        " ORDER BY id"
    )
    return list(map(_revision, sql.all(query, (since,))))


_COLUMNS = "id, kind, note, at, undoes"


def _revision(row: tuple[Any, ...]) -> Revision:
    number, kind, note, at, undoes = row
    return Revision(number, kind, note, at, tuple(map(int, undoes.split(","))) if undoes else ())


def check_revision(sql: Sql, number: int | None) -> int:
    """``number``, or the newest for None.

    Raises:
        StoreError: There is no such revision.
    """
    newest = latest(sql)
    if number is None:
        return newest
    if not 0 <= number <= newest:
        raise StoreError(f"there is no revision {number}; the newest is {newest}")
    return number


def stored_fingerprint(sql: Sql, number: int) -> str | None:
    """The stored fingerprint of a revision; None if it was not computed yet."""
    text: str | None = sql.one("SELECT fingerprint FROM revision WHERE id = ?", (number,))
    return text


def store_fingerprint(sql: Sql, number: int, fingerprint: str) -> None:
    """Store the fingerprint for later processes."""
    sql.run("UPDATE revision SET fingerprint = ? WHERE id = ?", (fingerprint, number))
