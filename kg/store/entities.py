"""Entities: what is known of a node beside its triples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from kg.store.schema import alias, entity, entity_type
from kg.types import Entity, EntityRecord, readable_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

CHUNK = 500
"""Keys in one IN list; SQLite allows 999 parameters in its oldest builds."""


def chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut ``keys`` so that each part fits one IN list."""
    for start in range(0, len(keys), CHUNK):
        yield keys[start : start + CHUNK]


def fetch_records(connection: sa.Connection, keys: Iterable[str]) -> dict[str, EntityRecord]:
    """What the tables hold of ``keys``, without derived labels; unknown keys are left out."""
    found: dict[str, EntityRecord] = {}
    for part in chunks(sorted(set(keys))):
        rows = connection.execute(sa.select(entity).where(entity.c.key.in_(part))).all()
        ids = {row.id: row.key for row in rows}
        surfaces: dict[str, list[str]] = {key: [] for key in ids.values()}
        types: dict[str, list[str]] = {key: [] for key in ids.values()}
        for table, column, into in (
            (alias, alias.c.surface, surfaces),
            (entity_type, entity_type.c.type, types),
        ):
            pairs = sa.select(table.c.entity_id, column).where(table.c.entity_id.in_(ids))
            for entity_id, value in connection.execute(pairs):
                into[ids[entity_id]].append(value)
        for row in rows:
            found[row.key] = EntityRecord(
                key=row.key,
                label=row.label,
                aliases=tuple(sorted(surfaces[row.key])),
                description=row.description,
                types=tuple(sorted(types[row.key])),
                prior=row.prior,
            )
    return found


def fetch(connection: sa.Connection, keys: Iterable[str]) -> dict[str, Entity]:
    """The entities of ``keys``, with labels derived where none was given."""
    return {
        key: Entity(
            key=key,
            label=record.label or readable_label(key),
            aliases=record.aliases,
            description=record.description or "",
            types=record.types,
            prior=record.prior,
        )
        for key, record in fetch_records(connection, keys).items()
    }


def _merged(old: EntityRecord | None, new: EntityRecord) -> EntityRecord:
    if old is None:
        old = EntityRecord(key=new.key)
    label = old.label if new.label is None else new.label
    return EntityRecord(
        key=new.key,
        label=label,
        aliases=tuple(sorted({*old.aliases, *new.aliases} - {label})),
        description=old.description if new.description is None else new.description,
        types=tuple(sorted({*old.types, *new.types})),
        prior=old.prior if new.prior is None else new.prior,
    )


def merge_entities(connection: sa.Connection, records: Sequence[EntityRecord]) -> int:
    """Create or complete entities; return how many records changed something.

    A field that a record leaves out keeps its value; aliases and types are united.
    """
    before = fetch_records(connection, (record.key for record in records))
    now = dict(before)
    changed = 0
    for record in records:
        merged = _merged(now.get(record.key), record)
        if merged != now.get(record.key):
            now[record.key] = merged
            changed += 1
    dirty = [record for key, record in now.items() if record != before.get(key)]
    for record in dirty:
        _write(connection, before.get(record.key), record)
    return changed


def _write(connection: sa.Connection, old: EntityRecord | None, new: EntityRecord) -> None:
    values = {"label": new.label, "description": new.description, "prior": new.prior}
    if old is None:
        result = connection.execute(sa.insert(entity).values(key=new.key, **values))
        entity_id = result.inserted_primary_key[0]
    else:
        connection.execute(sa.update(entity).where(entity.c.key == new.key).values(**values))
        entity_id = connection.execute(
            sa.select(entity.c.id).where(entity.c.key == new.key)
        ).scalar_one()
    gone = sorted(set(old.aliases if old else ()) - set(new.aliases))  # an alias became the label
    if gone:
        connection.execute(
            sa.delete(alias).where(alias.c.entity_id == entity_id, alias.c.surface.in_(gone))
        )
    for table, column, values_now, values_then in (
        (alias, "surface", new.aliases, old.aliases if old else ()),
        (entity_type, "type", new.types, old.types if old else ()),
    ):
        fresh = [
            {"entity_id": entity_id, column: value}
            for value in values_now
            if value not in set(values_then)
        ]
        if fresh:
            connection.execute(sa.insert(table), fresh)
