"""Looks up values in the store, and decides by the stored tails whether a relation has values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.store.read.triples import alive
from kg.store.rows.dictionary import ids_of, known_literals, literals
from kg.store.rows.schema import FIRST_RELATION
from kg.types import Literal
from kg.values import infer
from kg.values.node import ValueKey
from kg.values.value_forms import ENTITY, NUMBERS, NUMERIC, candidates

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from kg.sql.cursor import Sql
    from kg.values.infer import TypeDecision


def nodes(sql: Sql, ids: Collection[int]) -> dict[int, str]:
    """The nodes with some ids: keys of entities, and values."""
    if not ids:
        return {}
    listed, parameter = sql.values(sorted(ids))
    node_of: dict[int, str] = dict(
        sql.all(f"SELECT id, key FROM entity WHERE id IN {listed}", (parameter,))
    )
    values = [number for number in ids if number < 0]
    if values:
        node_of.update((number, ValueKey(item)) for number, item in literals(sql, values).items())
    return node_of


def stated_dimensions(
    sql: Sql, statement: str, parameters: Sequence[int | str]
) -> list[tuple[str, str]]:
    """(dimension, unit) of each number or date among the ids that a statement selects."""
    query = (
        f"SELECT q.dimension, l.unit FROM ({statement}) AS d JOIN quantity q ON q.literal_id = d.v0"
        " JOIN literal l ON l.id = d.v0"
    )
    return [(dimension, unit) for dimension, unit in sql.all(query, parameters)]


def find_measures(sql: Sql, dimension: str, condition: str) -> dict[int, Literal]:
    """The values of a dimension that satisfy a condition on ``quantity q``, by id."""
    query = (
        "SELECT l.id, l.value, l.datatype, l.language, l.unit FROM quantity q"
        f" JOIN literal l ON l.id = q.literal_id WHERE q.dimension = ? AND {condition}"
    )
    return {int(row[0]): Literal(*row[1:]) for row in sql.all(query, (dimension,))}


def node_ids(sql: Sql, keys: Iterable[str]) -> dict[str, int]:
    """The ids of the nodes that exist: a :class:`ValueKey` means a value, other keys an entity."""
    wanted = list(dict.fromkeys(keys))
    id_of = ids_of(sql, "entity", [key for key in wanted if not isinstance(key, ValueKey)])
    values = {key.literal: key for key in wanted if isinstance(key, ValueKey)}
    if values:
        id_of.update((values[item], n) for item, n in known_literals(sql, values).items())
    return id_of


def find_values(sql: Sql, text: str, at: int | None) -> list[Literal]:
    """The values of live facts, now or at a revision, that a text may denote."""
    forms = candidates(text)
    numbers = [item.value for item in forms if item.datatype in NUMBERS and not item.unit]
    wanted = [Literal(text), *forms]
    wanted += [Literal(number, name) for number in numbers for name in NUMERIC]
    wanted = list(dict.fromkeys(wanted))
    stored = known_literals(sql, wanted)
    used = []
    for item in wanted:
        query = (
            f"SELECT 1 FROM triple x WHERE x.tail_id = ? AND x.relation_id >= {FIRST_RELATION}"
            f" AND {alive(at)} LIMIT 1"
        )
        if item in stored and sql.one(query, (stored[item],)) is not None:
            used.append(item)
    return used


SAMPLED_FACTS = 200
"""The number of a relation's facts that are sampled."""


def count_entities(sql: Sql, keys: Collection[str]) -> int:
    """The number of ``keys`` that are, or were, entities."""
    return len(ids_of(sql, "entity", list(keys)))


def stored_texts(sql: Sql, relation: str) -> list[str]:
    """A sample of the entities that are tails of a relation, by their keys."""
    query = (
        "SELECT e.key FROM triple x JOIN entity e ON e.id = x.tail_id"
        " WHERE x.relation_id = (SELECT id FROM relation WHERE key = ?) AND x.rev_removed <= 0"
        f" LIMIT {SAMPLED_FACTS}"
    )
    return [key for (key,) in sql.all(query, (relation,))]


def stored_decision(sql: Sql, relation: str) -> TypeDecision | None:
    """The type of a relation's tails by a sample of its facts; None if it has no facts."""
    sample = (
        "SELECT tail_id FROM triple WHERE relation_id = (SELECT id FROM relation WHERE key = ?)"
        f" AND rev_removed <= 0 LIMIT {SAMPLED_FACTS}"
    )
    # Counted by the database, for speed: each edit needs it, and most relations have entities.
    query = f"SELECT count(*), count(CASE WHEN tail_id < 0 THEN 1 END) FROM ({sample}) AS d"
    ((tails, values),) = sql.all(query, (relation,))
    if not tails:
        return None
    if 2 * values < tails:
        return infer.TypeDecision(ENTITY)
    ids = [int(tail) for (tail,) in sql.all(sample, (relation,)) if tail < 0]
    return infer.like(list(literals(sql, ids).values()))
