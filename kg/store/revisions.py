"""Revisions: every change of the graph has a number, and can be undone by it."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from kg.errors import StoreError
from kg.store.schema import revision, triple
from kg.types import Revision


def begin(connection: sa.Connection, kind: str, note: str) -> int:
    """Open a new revision and return its number."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    result = connection.execute(sa.insert(revision).values(kind=kind, note=note, at=at))
    return int(result.inserted_primary_key[0])  # type: ignore[index]  # one row, one key


def latest(connection: sa.Connection) -> int:
    """The number of the newest revision, 0 for an empty graph."""
    return int(connection.execute(sa.select(sa.func.max(revision.c.id))).scalar() or 0)


def listing(connection: sa.Connection, limit: int) -> list[Revision]:
    """The newest revisions, newest first."""
    rows = connection.execute(sa.select(revision).order_by(revision.c.id.desc()).limit(limit))
    return [Revision(row.id, row.kind, row.note, row.at) for row in rows]


def known_fingerprint(connection: sa.Connection, number: int) -> str | None:
    """The fingerprint of a revision, where it was computed before: the past does not change."""
    query = sa.select(revision.c.fingerprint).where(revision.c.id == number)
    return connection.execute(query).scalar()


def keep_fingerprint(connection: sa.Connection, number: int, fingerprint: str) -> None:
    """Spare the next process the computing."""
    connection.execute(
        sa.update(revision).where(revision.c.id == number).values(fingerprint=fingerprint)
    )


def undo(connection: sa.Connection, number: int) -> int:
    """Take back what ``number`` added and bring back what it removed, as a new revision.

    Raises:
        StoreError: There is no such revision, or nothing of it is left to undo.
    """
    newest = latest(connection)
    if not 1 <= number <= newest:
        raise StoreError(f"there is no revision {number}; the newest is {newest}")
    new = begin(connection, "undo", f"undo of revision {number}")
    taken_back = connection.execute(
        sa.update(triple)
        .where(triple.c.rev_added == number, triple.c.rev_removed.is_(None))
        .values(rev_removed=new)
    ).rowcount
    again = triple.alias("again")
    parts = ("head_id", "relation_id", "tail_id")
    lives_again = (
        sa.select(again.c.id)
        .where(*(again.c[part] == triple.c[part] for part in parts), again.c.rev_removed.is_(None))
        .exists()
    )
    removed_by_it = (
        sa.select(*(triple.c[part] for part in parts), sa.literal(new))
        .where(triple.c.rev_removed == number, ~lives_again)
        .order_by(triple.c.id)
    )
    brought_back = connection.execute(
        sa.insert(triple).from_select([*parts, "rev_added"], removed_by_it)
    ).rowcount
    if not taken_back and not brought_back:
        raise StoreError(f"revision {number} has no change of triples left to undo")
    return new
