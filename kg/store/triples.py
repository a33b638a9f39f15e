"""Triples: match, count, walk, remove, and the fingerprint of a revision."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import sqlalchemy as sa

from kg.store.entities import chunks
from kg.store.schema import entity, relation, triple
from kg.types import Triple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_head = entity.alias("head")
_tail = entity.alias("tail")
_joined = (
    triple.join(_head, _head.c.id == triple.c.head_id)
    .join(relation, relation.c.id == triple.c.relation_id)
    .join(_tail, _tail.c.id == triple.c.tail_id)
)
_ALIVE = triple.c.rev_removed.is_(None)


def _pattern(
    head: str | None, relation_key: str | None, tail: str | None
) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [_ALIVE]
    if head is not None:
        conditions.append(_head.c.key == head)
    if relation_key is not None:
        conditions.append(relation.c.key == relation_key)
    if tail is not None:
        conditions.append(_tail.c.key == tail)
    return conditions


def match(
    connection: sa.Connection, head: str | None, relation_key: str | None, tail: str | None
) -> Iterator[Triple]:
    """Stream the live triples of a pattern, in the order they came."""
    query = (
        sa.select(_head.c.key, relation.c.key, _tail.c.key)
        .select_from(_joined)
        .where(*_pattern(head, relation_key, tail))
        .order_by(triple.c.id)
        .execution_options(yield_per=5_000)
    )
    for row in connection.execute(query):
        yield Triple(*row)


def touching(
    connection: sa.Connection, keys: Sequence[str], limit: int | None = None
) -> list[Triple]:
    """The (first) live triples that have one of ``keys`` as head or tail, in the order they came."""
    found: set[tuple[int, Triple]] = set()
    for part in chunks(keys):
        for side in (_head, _tail):
            query = (
                sa.select(triple.c.id, _head.c.key, relation.c.key, _tail.c.key)
                .select_from(_joined)
                .where(_ALIVE, side.c.key.in_(part))
                .order_by(triple.c.id)
                .limit(limit)
            )
            found.update((row[0], Triple(*row[1:])) for row in connection.execute(query))
    return [item for _, item in sorted(found)[:limit]]


def remove(
    connection: sa.Connection,
    head: str | None,
    relation_key: str | None,
    tail: str | None,
    number: int,
) -> int:
    """End the life of the matching triples in revision ``number``; return how many."""
    ids = sa.select(triple.c.id).select_from(_joined).where(*_pattern(head, relation_key, tail))
    statement = sa.update(triple).where(triple.c.id.in_(ids)).values(rev_removed=number)
    return int(connection.execute(statement).rowcount)


def degrees(connection: sa.Connection) -> dict[str, int]:
    """How many live triples each entity is head or tail of; entities without any are left out."""
    ends = sa.union_all(
        sa.select(triple.c.head_id.label("id")).where(_ALIVE),
        sa.select(triple.c.tail_id).where(_ALIVE),
    ).subquery()
    query = (
        sa.select(entity.c.key, sa.func.count())
        .select_from(ends.join(entity, entity.c.id == ends.c.id))
        .group_by(entity.c.key)
    )
    return {key: int(count) for key, count in connection.execute(query)}


def fingerprint(connection: sa.Connection, number: int) -> str:
    """SHA-256 over the sorted triples that lived at revision ``number`` (each part with its length).

    What follows from the keys alone: neither the order of loading nor row ids take part.
    """
    query = (
        sa.select(_head.c.key, relation.c.key, _tail.c.key)
        .select_from(_joined)
        .where(
            triple.c.rev_added <= number,
            sa.or_(triple.c.rev_removed.is_(None), triple.c.rev_removed > number),
        )
        .order_by(_head.c.key, relation.c.key, _tail.c.key)
        .execution_options(yield_per=5_000)
    )
    digest = hashlib.sha256()
    for row in connection.execute(query):
        for part in row:
            raw = part.encode()
            digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.hexdigest()
