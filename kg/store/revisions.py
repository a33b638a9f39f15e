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
    return int(result.inserted_primary_key[0])


def latest(connection: sa.Connection) -> int:
    """The number of the newest revision, 0 for an empty graph."""
    return int(connection.execute(sa.select(sa.func.max(revision.c.id))).scalar() or 0)


def listing(connection: sa.Connection, limit: int) -> list[Revision]:
    """The newest revisions, newest first."""
    rows = connection.execute(sa.select(revision).order_by(revision.c.id.desc()).limit(limit))
    return [Revision(row.id, row.kind, row.note, row.at) for row in rows]


def undo(connection: sa.Connection, number: int) -> int:
    """Take back what ``number`` added and bring back what it removed, as a new revision.

    Raises:
        StoreError: There is no such revision, or nothing of it is left to undo.
    """
    if connection.execute(sa.select(revision.c.id).where(revision.c.id == number)).first() is None:
        raise StoreError(f"there is no revision {number}; the newest is {latest(connection)}")
    new = begin(connection, "undo", f"undo of revision {number}")
    removed_by_it = connection.execute(
        sa.select(triple.c.head_id, triple.c.relation_id, triple.c.tail_id)
        .where(triple.c.rev_removed == number)
        .order_by(triple.c.id)
    ).all()
    taken_back = connection.execute(
        sa.update(triple)
        .where(triple.c.rev_added == number, triple.c.rev_removed.is_(None))
        .values(rev_removed=new)
    ).rowcount
    changed = taken_back
    for row in removed_by_it:
        alive = sa.select(triple.c.id).where(
            triple.c.head_id == row.head_id,
            triple.c.relation_id == row.relation_id,
            triple.c.tail_id == row.tail_id,
            triple.c.rev_removed.is_(None),
        )
        if connection.execute(alive).first() is None:
            connection.execute(sa.insert(triple).values(**row._mapping, rev_added=new))
            changed += 1
    if not changed:
        raise StoreError(f"revision {number} has nothing left to undo")
    return new
