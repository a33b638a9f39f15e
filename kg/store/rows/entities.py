"""Reads and writes the labels, aliases, descriptions, types and priors of entities."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from kg.naming.languages import preferred_text
from kg.naming.valid_names import MAX_PRIOR
from kg.store.read.triples import alive, recorded_condition
from kg.store.rows import dictionary
from kg.store.write import liveness
from kg.types import Attribute, Entity, EntityRecord, Literal, Statement, readable_label
from kg.vocabulary import (
    ALIAS,
    DESCRIPTION,
    DESCRIPTIONS,
    ENTITY,
    IRI,
    LABEL,
    LABELS,
    PRIOR,
    TYPE,
    UNDERSTOOD,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.sql.cursor import Sql
    from kg.store.write.writer import Writer
    from kg.types import Record

_ABOUT = f"x.relation_id <= {len(UNDERSTOOD)}"
About = dict[str, list[Attribute]]
"""The statements of each entity with the relations of :mod:`kg.vocabulary`, oldest first."""


def about(sql: Sql, keys: Iterable[str], at: int | None) -> About:
    """Labels, aliases and so on of the existing ``keys``; an empty list for a key without any."""
    ids = dictionary.ids_of(sql, "entity", sorted(set(keys)))
    if not ids:
        return {}
    listed, parameter = sql.values(list(ids.values()))
    query = (
        "SELECT x.head_id, x.relation_id, l.value, l.datatype, l.language, l.unit FROM triple x"
        f" JOIN literal l ON l.id = x.tail_id WHERE x.head_id IN {listed}"
        f" AND {_ABOUT} AND {alive(at)} ORDER BY x.id"
    )
    names = {number: key for key, number in ids.items()}
    statements: About = defaultdict(list)
    for head, relation, *literal in sql.all(query, (parameter,)):
        key = names[head]
        statements[key].append(Attribute(key, UNDERSTOOD[relation - 1], Literal(*literal)))
    bare = {key: number for key, number in ids.items() if key not in statements}
    for key in existing(sql, bare, at):
        statements[key] = []
    return dict(statements)


def existing(sql: Sql, ids: dict[str, int], at: int | None) -> set[str]:
    """The keys of ``ids`` (key to id) that occur in a live statement."""
    if at is None:
        return liveness.living(sql, ids)
    if not ids:
        return set()
    listed, parameter = sql.values(list(ids.values()))
    recorded: set[int] = set()
    for end in ("head_id", "tail_id"):
        query = f"SELECT DISTINCT x.{end} FROM triple x WHERE x.{end} IN {listed}"
        query += f" AND {recorded_condition(at)}"
        recorded.update(row[0] for row in sql.all(query, (parameter,)))
    return {key for key, number in ids.items() if number in recorded}


def fetch(
    sql: Sql, keys: Iterable[str], at: int | None = None, languages: Sequence[str] = ()
) -> dict[str, Entity]:
    """The entities of ``keys``; an entity without a label gets one from its key.

    Args:
        sql: A reading transaction.
        keys: The keys of entities.
        at: The revision, None for now.
        languages: The preferred languages of labels and descriptions, best first.
    """
    return {
        key: _entity(key, attributes, languages) for key, attributes in about(sql, keys, at).items()
    }


def _entity(key: str, attributes: Sequence[Attribute], languages: Sequence[str]) -> Entity:
    labels = [
        item.value for item in attributes if item.relation in LABELS and item.value.datatype != IRI
    ]
    names = [
        item.value for item in attributes if item.relation == ALIAS and item.value.datatype != IRI
    ]
    label = preferred_text(labels, languages) or readable_label(key)
    prior = preferred_text([item.value for item in attributes if item.relation == PRIOR])
    descriptions = [item.value for item in attributes if item.relation in DESCRIPTIONS]
    return Entity(
        key=key,
        label=label,
        aliases=tuple(sorted({item.value for item in (*labels, *names)} - {label})),
        description=preferred_text(descriptions, languages) or "",
        types=tuple(sorted({item.value.value for item in attributes if item.relation == TYPE})),
        prior=number_in(prior),
    )


def number_in(text: str | None) -> float | None:
    """A prior as a number; None if the text is not a number, since files may contain any text."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return min(number, MAX_PRIOR) if 0 <= number < math.inf else None


def is_bounded(record: Record) -> bool:
    """Whether a record states a prior above the maximum."""
    if isinstance(record, EntityRecord):
        return record.prior is not None and record.prior > MAX_PRIOR
    fact = record.fact if isinstance(record, Statement) else record
    if not isinstance(fact, Attribute) or fact.relation != PRIOR:
        return False
    return number_in(fact.value.value) == MAX_PRIOR != float(fact.value.value)


def merge(writer: Writer, sql: Sql, records: Sequence[tuple[int, EntityRecord]]) -> int:
    """Create or update entities, each with its line; return how many records changed something.

    A missing field of a record changes nothing. A label, description or prior replaces the present
    one that has no language; aliases and types are added.
    """
    before = about(sql, (record.key for _, record in records), None)
    after = {key: dict.fromkeys(attributes) for key, attributes in before.items()}
    lines: dict[Attribute, int] = {}
    changed = 0
    for line, record in records:
        state = after.setdefault(record.key, {})
        new = record.key not in before and not state
        ended, begun = _changes(record, list(state), new)
        for item in ended:
            del state[item]
        for item in begun:
            lines.setdefault(item, line)
        fresh = [item for item in begun if item not in state]
        state.update(dict.fromkeys(fresh))
        changed += bool(ended or fresh)
    writer.retract(
        [item for key, items in before.items() for item in items if item not in after[key]]
    )
    added = [item for item in lines if item in after[item.head]]
    writer.now([lines[item] for item in added], added)
    return changed


def _changes(
    record: EntityRecord, state: Sequence[Attribute], new: bool
) -> tuple[list[Attribute], list[Attribute]]:
    """The statements that a record ends and those that it adds, given the current ones."""
    ended: list[Attribute] = []
    begun: list[Attribute] = []
    single = {LABEL: record.label, DESCRIPTION: record.description}
    single[PRIOR] = None if record.prior is None else repr(float(record.prior))
    for relation, value in single.items():
        if value is not None:
            item = Attribute(record.key, relation, Literal(value))
            ended += [
                old
                for old in state
                if old.relation == relation and not old.value.language and old != item
            ]
            begun.append(item)
    labels = [item.value.value for item in state if item.relation == LABEL]
    label = record.label or next(iter(labels), None)
    aliases = (name for name in record.aliases if name != label)
    begun += [Attribute(record.key, ALIAS, Literal(name)) for name in aliases]
    begun += [Attribute(record.key, TYPE, Literal(name)) for name in record.types]
    ended += [
        item for item in state if item.relation == ALIAS and item.value == Literal(label or "")
    ]
    exists = Attribute(record.key, ENTITY, Literal(""))
    if not begun and (new or exists in state):
        begun.append(exists)
    return ended, begun
