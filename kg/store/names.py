"""From what people write to keys: search, exact surface forms, relations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from kg.store.schema import alias, entity, relation, revision, triple
from kg.types import Relation, readable_label

if TYPE_CHECKING:
    from collections.abc import Iterator


MAX_PATTERN = 10_000
"""Characters; SQLite's LIKE takes 50,000 bytes, and nobody types more than this."""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def search(connection: sa.Connection, text: str, limit: int) -> list[str]:
    """Keys whose key, label or alias equals, begins with or holds ``text``, in that order.

    Where no label was given, the one that is read from the key counts. Within a rank the entity
    with more triples comes first.
    """
    if len(text) > MAX_PATTERN:
        return []
    like = _escaped(text)
    surface = sa.union_all(
        sa.select(entity.c.id, entity.c.key.label("surface")),
        sa.select(entity.c.id, sa.func.replace(entity.c.key, "_", " ")).where(
            entity.c.label.is_(None)
        ),
        sa.select(entity.c.id, entity.c.label).where(entity.c.label.is_not(None)),
        sa.select(alias.c.entity_id, alias.c.surface),
    ).subquery()
    name = surface.c.surface

    def alike(pattern: str) -> sa.ColumnElement[bool]:
        return name.ilike(pattern, escape="\\")

    end_of_iri = alike(f"%://%/{like}") | alike(f"%://%#{like}")
    rank = sa.func.min(
        sa.case((name == text, 0), (alike(like) | end_of_iri, 1), (alike(like + "%"), 2), else_=3)
    )
    # One count a side: with an OR of both, SQLite would read every triple for every entity.
    degree, more = (
        sa.select(sa.func.count())
        .where(end == entity.c.id, triple.c.rev_removed.is_(None))
        .scalar_subquery()
        for end in (triple.c.head_id, triple.c.tail_id)
    )
    query = (
        sa.select(entity.c.key)
        .select_from(surface.join(entity, entity.c.id == surface.c.id))
        .where(alike(f"%{like}%"))
        .group_by(entity.c.id, entity.c.key)
        .order_by(rank, (degree + more).desc(), entity.c.key)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def surfaces(connection: sa.Connection) -> Iterator[tuple[str, str, bool, float | None]]:
    """Every (key, surface form, is it the label, prior), labels first, in the order of the rows."""
    labels = sa.select(entity.c.key, entity.c.label, entity.c.prior).order_by(entity.c.id)
    for key, label, prior in connection.execute(labels.execution_options(yield_per=5_000)):
        yield key, label or readable_label(key), True, prior
    aliases = (
        sa.select(entity.c.key, alias.c.surface, entity.c.prior)
        .join_from(alias, entity)
        .order_by(entity.c.id, alias.c.surface)
    )
    for key, surface, prior in connection.execute(aliases.execution_options(yield_per=5_000)):
        yield key, surface, False, prior


def relations(connection: sa.Connection) -> list[Relation]:
    """Every relation, by key."""
    rows = connection.execute(sa.select(relation).order_by(relation.c.key))
    return [Relation(row.key, row.label or readable_label(row.key)) for row in rows]


def counts(connection: sa.Connection) -> dict[str, int]:
    """How many rows of each kind are alive."""
    tables = {
        "entities": sa.select(sa.func.count()).select_from(entity),
        "relations": sa.select(sa.func.count()).select_from(relation),
        "triples": sa.select(sa.func.count()).where(triple.c.rev_removed.is_(None)),
        "aliases": sa.select(sa.func.count()).select_from(alias),
        "revisions": sa.select(sa.func.count()).select_from(revision),
    }
    return {name: int(connection.execute(query).scalar_one()) for name, query in tables.items()}
