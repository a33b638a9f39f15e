"""Revisions: every change of the graph has a number, and can be undone by it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kg.errors import StoreError
from kg.store import lives
from kg.types import Revision

if TYPE_CHECKING:
    from kg.store.sql import Sql

PURGE = "purge"
"""The kind of a revision that cannot be undone."""


def begin(sql: Sql, kind: str, note: str) -> int:
    """Open a new revision and return its number."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    number = latest(sql) + 1
    sql.run(
        "INSERT INTO revision (id, kind, note, at) VALUES (?, ?, ?, ?)", (number, kind, note, at)
    )
    return number


def withdraw(sql: Sql, number: int) -> None:
    """Take a revision out that changed nothing."""
    sql.run("DELETE FROM revision WHERE id = ?", (number,))


def latest(sql: Sql) -> int:
    """The number of the newest revision, 0 for an empty graph."""
    return int(sql.one("SELECT max(id) FROM revision") or 0)


def listing(sql: Sql, limit: int, at: int | None) -> list[Revision]:
    """The newest revisions, newest first."""
    until = "" if at is None else f" WHERE id <= {at:d}"
    query = f"SELECT id, kind, note, at FROM revision{until} ORDER BY id DESC LIMIT ?"
    rows = sql.all(query, (limit,))
    return [Revision(*row) for row in rows]


def checked(sql: Sql, number: int | None) -> int:
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


def known_fingerprint(sql: Sql, number: int) -> str | None:
    """The fingerprint of a revision, where it was computed before: the past does not change."""
    found: str | None = sql.one("SELECT fingerprint FROM revision WHERE id = ?", (number,))
    return found


def keep_fingerprint(sql: Sql, number: int, fingerprint: str) -> None:
    """Spare the next process the computing."""
    sql.run("UPDATE revision SET fingerprint = ? WHERE id = ?", (fingerprint, number))


_SEQ = (
    "CASE WHEN seq = 0 THEN 0 ELSE row_number()"
    " OVER (PARTITION BY triple_id, source_id ORDER BY rev_added, seq) END"
)
# What a revision both said and took back was never seen.
_TAKEN_BACK = (
    f"SELECT triple_id, source_id, rev_added, seq AS was, {_SEQ} AS seq, line, span_start,"
    " span_end, confidence FROM triple_source t WHERE rev_removed = ? AND rev_added < rev_removed"
    " AND NOT EXISTS (SELECT 1 FROM triple_source s WHERE s.triple_id = t.triple_id"
    " AND s.source_id = t.source_id AND s.rev_removed IS NULL AND (s.seq = 0) = (t.seq = 0))"
)
_BACK_QUALIFIERS = (
    "INSERT INTO qualifier (triple_id, source_id, rev_added, seq, position, relation_id, value_id)"
    " SELECT q.triple_id, q.source_id, ?, b.seq, q.position, q.relation_id, q.value_id"
    f" FROM ({_TAKEN_BACK}) AS b JOIN qualifier q ON q.triple_id = b.triple_id"
    " AND q.source_id = b.source_id AND q.rev_added = b.rev_added AND q.seq = b.was"
)
_BACK = (
    "INSERT INTO triple_source (triple_id, source_id, rev_added, seq, line, span_start, span_end,"
    " confidence) SELECT triple_id, source_id, ?, seq, line, span_start, span_end, confidence"
    f" FROM ({_TAKEN_BACK}) AS b"
)


def undo(sql: Sql, number: int) -> int:
    """Take back what ``number`` said and say again what it took back, as a new revision.

    Raises:
        StoreError: There is no such revision, or nothing of it is left to undo.
    """
    newest = latest(sql)
    if not 1 <= number <= newest:
        raise StoreError(f"there is no revision {number}; the newest is {newest}")
    if sql.one("SELECT kind FROM revision WHERE id = ?", (number,)) == PURGE:
        raise StoreError(f"revision {number} was a purge: what it deleted is gone for good")
    new = begin(sql, "undo", f"undo of revision {number}")
    touched = sql.all(
        "SELECT DISTINCT triple_id FROM triple_source"
        " WHERE (rev_added = ? AND rev_removed IS NULL) OR rev_removed = ?",
        (number, number),
    )
    changed = sql.run(
        "UPDATE triple_source SET rev_removed = ? WHERE rev_added = ? AND rev_removed IS NULL",
        (new, number),
    )
    sql.run(_BACK_QUALIFIERS, (new, number))
    changed += sql.run(_BACK, (new, number))
    lives.settle(sql, [row[0] for row in touched], new)
    if not changed:
        raise StoreError(f"revision {number} has no change left to undo")
    return new
