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
    found: dict[str, Entity] = {}
    for key, record in fetch_records(connection, keys).items():
        label = record.label or readable_label(key)
        found[key] = Entity(
            key=key,
            label=label,
            aliases=tuple(name for name in record.aliases if name != label),
            description=record.description or "",
            types=record.types,
            prior=record.prior,
        )
    return found


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
    _write(
        connection,
        [(before.get(key), record) for key, record in now.items() if record != before.get(key)],
    )
    return changed


def _write(
    connection: sa.Connection, changes: Sequence[tuple[EntityRecord | None, EntityRecord]]
) -> None:
    """Write entities, each with what the tables held of it; a few statements for all of them."""
    fresh, known = [], []
    for old, new in changes:
        values = {"label": new.label, "description": new.description, "prior": new.prior}
        if old is None:
            fresh.append({"key": new.key, **values})
        else:
            known.append({"its_key": new.key, **values})
    if fresh:
        connection.execute(sa.insert(entity), fresh)
    if known:
        connection.execute(sa.update(entity).where(entity.c.key == sa.bindparam("its_key")), known)
    ids = _ids(connection, [new.key for _, new in changes])
    gone: list[dict[str, object]] = []
    names: dict[str, list[dict[str, object]]] = {"surface": [], "type": []}
    for old, new in changes:
        was = EntityRecord(key=new.key) if old is None else old
        number = ids[new.key]
        # An alias goes when it becomes the label.
        gone += [{"its_id": number, "its_name": name} for name in {*was.aliases} - {*new.aliases}]
        for column, now, then in (
            ("surface", new.aliases, was.aliases),
            ("type", new.types, was.types),
        ):
            names[column] += [
                {"entity_id": number, column: name} for name in sorted({*now} - {*then})
            ]
    if gone:
        its_alias = (alias.c.entity_id == sa.bindparam("its_id")) & (
            alias.c.surface == sa.bindparam("its_name")
        )
        connection.execute(sa.delete(alias).where(its_alias), gone)
    for table, rows in ((alias, names["surface"]), (entity_type, names["type"])):
        if rows:
            connection.execute(sa.insert(table), rows)


def _ids(connection: sa.Connection, keys: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in chunks(keys):
        query = sa.select(entity.c.key, entity.c.id).where(entity.c.key.in_(part))
        found.update((key, number) for key, number in connection.execute(query))
    return found
