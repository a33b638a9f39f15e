"""Reads names and facts of many entities by their ids, for comparing them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from kg.store.rows import dictionary
from kg.store.rows.schema import FIRST_RELATION
from kg.types import readable_label
from kg.vocabulary import DESCRIPTIONS, NAMES, TYPE, UNDERSTOOD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kg.sql.cursor import Sql
    from kg.types import Literal

_NAMES, _DESCRIPTIONS = (
    ", ".join(str(UNDERSTOOD.index(name) + 1) for name in names) for names in (NAMES, DESCRIPTIONS)
)
_TYPE = UNDERSTOOD.index(TYPE) + 1
_IS_STRING = "l.datatype = ''"
MAX_FACTS_PER_SIDE = 400
"""The maximum number of facts of an entity, on each side, that are read; hubs have many more."""
MAX_NAMES = 12
"""The maximum number of names of an entity that are compared."""

Fact = tuple[int, int, bool]
"""Relation, node on the other side, and whether the entity is the head."""


@dataclass(slots=True)
class ComparedEntity:
    """The names and facts of an entity, with ids instead of keys.

    Attributes:
        key: Its key.
        id: Its id.
        names: Its label, aliases, or the name in its key.
        description: Its first description, or "".
        types: Its types.
        facts: Its facts, at most 400 on each side; a value has a negative id.
        roles: The number of its facts by relation and side.
    """

    key: str
    id: int = 0
    names: list[str] = field(default_factory=list)
    description: str = ""
    types: set[str] = field(default_factory=set)
    facts: set[Fact] = field(default_factory=set)
    roles: dict[tuple[int, bool], int] = field(default_factory=dict)


def stream_names(sql: Sql) -> Iterator[tuple[int, list[str]]]:
    """Stream the ids and names of all living entities, in the order of ids."""
    query = (
        "SELECT e.id, e.key, l.value FROM entity e"
        f" LEFT JOIN triple x ON x.head_id = e.id AND +x.relation_id IN ({_NAMES})"
        " AND x.rev_removed = 0 LEFT JOIN literal l ON l.id = x.tail_id AND l.datatype = ''"
        " WHERE e.key NOT IN (SELECT key FROM relation) AND (EXISTS (SELECT 1 FROM triple y"
        " WHERE y.head_id = e.id AND y.rev_removed = 0) OR EXISTS (SELECT 1 FROM triple y"
        " WHERE y.tail_id = e.id AND y.rev_removed = 0)) ORDER BY e.id, x.relation_id, x.id"
    )
    last, key, names = 0, "", list[str]()
    for number, entity_key, name in sql.stream(query):
        if number != last:
            if last:
                yield last, _names(key, names)
            last, key, names = number, entity_key, []
        if name:
            names.append(name)
    if last:
        yield last, _names(key, names)


def _names(key: str, stated: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(stated))[:MAX_NAMES] or [readable_label(key)]


def _entities(sql: Sql, ids: Sequence[int]) -> dict[int, ComparedEntity]:
    """Entities by id, with their keys alone."""
    listed, parameter = sql.values(list(ids))
    query = f"SELECT id, key FROM entity WHERE id IN {listed} ORDER BY id"
    return {
        int(number): ComparedEntity(key, int(number))
        for number, key in sql.all(query, (parameter,))
    }


def read_facts(sql: Sql, ids: Sequence[int]) -> dict[int, ComparedEntity]:
    """The names and facts of entities."""
    entities = _entities(sql, ids)
    listed, parameter = sql.values(list(ids))
    query = (
        "SELECT x.head_id, x.relation_id, l.value FROM triple x JOIN literal l ON l.id = x.tail_id"
        f" WHERE x.head_id IN {listed} AND +x.relation_id < {FIRST_RELATION} AND x.rev_removed = 0"
        f" AND (l.datatype = '' OR x.relation_id = {_TYPE}) ORDER BY x.relation_id, x.id"
    )
    names = {int(number) for number in _NAMES.split(", ")}
    described = {int(number) for number in _DESCRIPTIONS.split(", ")}
    for head, relation, value in sql.all(query, (parameter,)):
        entity = entities[head]
        if relation in names:
            entity.names.append(value)
        elif relation == _TYPE:
            entity.types.add(value)
        elif relation in described and not entity.description:
            entity.description = value
    for entity in entities.values():
        entity.names = _names(entity.key, entity.names)
    _read_roles(sql, entities)
    return entities


def _read_roles(sql: Sql, entities: Mapping[int, ComparedEntity]) -> None:
    for column, other, is_head in (("head_id", "tail_id", True), ("tail_id", "head_id", False)):
        listed, parameter = sql.values(list(entities))
        query = (
            f"SELECT {column}, relation_id, count(*) FROM triple WHERE {column} IN {listed}"
            f" AND relation_id >= {FIRST_RELATION} AND rev_removed = 0 GROUP BY {column},"
            " relation_id"
        )
        degrees: dict[int, int] = defaultdict(int)
        for number, relation, count in sql.all(query, (parameter,)):
            entities[number].roles[relation, is_head] = int(count)
            degrees[number] += int(count)
        few = [number for number in entities if 0 < degrees[number] <= MAX_FACTS_PER_SIDE]
        listed, parameter = sql.values(few)
        facts = (
            f"SELECT {column}, relation_id, {other} FROM triple WHERE {column} IN {{}}"
            f" AND relation_id >= {FIRST_RELATION} AND rev_removed = 0"
        )
        for number, relation, node in sql.all(facts.format(listed), (parameter,)):
            entities[number].facts.add((relation, node, is_head))
        for number in (number for number in entities if degrees[number] > MAX_FACTS_PER_SIDE):
            query = f"{facts.format('(?)')} ORDER BY id LIMIT {MAX_FACTS_PER_SIDE}"
            for _, relation, node in sql.all(query, (number,)):
                entities[number].facts.add((relation, node, is_head))


def degrees_of(sql: Sql, ids: Sequence[int]) -> dict[int, int]:
    """The number of facts of nodes, values included."""
    listed, parameter = sql.values(list(ids))
    degrees: dict[int, int] = defaultdict(int)
    for column in ("head_id", "tail_id"):
        query = (
            f"SELECT {column}, count(*) FROM triple WHERE {column} IN {listed}"
            f" AND relation_id >= {FIRST_RELATION} AND rev_removed = 0 GROUP BY {column}"
        )
        for number, count in sql.all(query, (parameter,)):
            degrees[number] += int(count)
    return dict(degrees)


def stream_roles(sql: Sql, step: int) -> Iterator[tuple[int, list[tuple[int, bool]]]]:
    """Stream the relations and sides of every ``step``-th entity, in the order of ids."""
    for number, counts in stream_role_counts(sql, step):
        yield number, list(counts)


def stream_role_counts(sql: Sql, step: int) -> Iterator[tuple[int, dict[tuple[int, bool], int]]]:
    """Stream the numbers of facts of every ``step``-th entity, by relation and side."""
    query = (
        "SELECT head_id AS id, relation_id, 1 AS side, count(*) FROM triple"
        f" WHERE relation_id >= {FIRST_RELATION} AND rev_removed = 0 AND head_id % ? = 0"
        " GROUP BY head_id, relation_id"
        " UNION ALL SELECT tail_id, relation_id, 0, count(*) FROM triple"
        f" WHERE relation_id >= {FIRST_RELATION} AND rev_removed = 0 AND tail_id > 0"
        " AND tail_id % ? = 0 GROUP BY tail_id, relation_id ORDER BY 1, 2, 3"
    )
    for number, rows in groupby(sql.stream(query, (step, step)), key=lambda row: int(row[0])):
        yield number, {(int(row[1]), bool(row[2])): int(row[3]) for row in rows}


def labels_of(sql: Sql, nodes: Sequence[int]) -> dict[int, str]:
    """A name for each entity or value, for messages."""
    entities = [node for node in nodes if node > 0]
    labels = {number: entity.names[0] for number, entity in read_names(sql, entities).items()}
    values: dict[int, Literal] = dictionary.literals(sql, [node for node in nodes if node < 0])
    return labels | {number: value.value for number, value in values.items()}


def read_names(sql: Sql, ids: Sequence[int]) -> dict[int, ComparedEntity]:
    """The keys and names of entities, without facts."""
    entities = _entities(sql, ids)
    listed, parameter = sql.values(list(ids))
    query = (
        "SELECT x.head_id, l.value FROM triple x JOIN literal l ON l.id = x.tail_id"
        f" WHERE x.head_id IN {listed} AND +x.relation_id IN ({_NAMES}) AND x.rev_removed = 0"
        " AND l.datatype = '' ORDER BY x.relation_id, x.id"
    )
    for head, value in sql.all(query, (parameter,)):
        entities[head].names.append(value)
    for entity in entities.values():
        entity.names = _names(entity.key, entity.names)
    return entities


def relation_keys(sql: Sql) -> dict[int, str]:
    """The keys of relations by id."""
    return dict(sql.all("SELECT id, key FROM relation"))
