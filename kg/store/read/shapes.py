"""Statistics of a relation's facts: types of heads and tails, tails per head, directions.

The parameter ``end`` is "head" or "tail". Only entities have types, values have none. Types of the
same text are one type, whatever their datatypes and languages.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from kg.store.rows.schema import FIRST_RELATION
from kg.store.rows.values import nodes
from kg.vocabulary import TYPE, UNDERSTOOD

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from kg.sql.cursor import Sql

_TYPE = UNDERSTOOD.index(TYPE) + 1
_OTHER = {"head": "tail", "tail": "head"}

Fact = tuple[str, str, str]
"""Head, relation and tail; the tail is a key or a :class:`kg.values.ValueKey`."""


class Counts(NamedTuple):
    """How many cases a rule applies to, and how many of these break it."""

    cases: int
    exceptions: int


def relation_ids(sql: Sql, keys: Collection[str] | None) -> dict[int, str]:
    """The relations of facts by id; only those in ``keys`` unless it is None."""
    query = f"SELECT id, key FROM relation WHERE id >= {FIRST_RELATION}"
    return {number: key for number, key in sql.all(query) if keys is None or key in keys}


def count_several(sql: Sql, relations: Iterable[int], end: str) -> dict[int, Counts]:
    """The number of heads (or tails) of each relation, and of those with several tails (heads)."""
    counts = {}
    for relation in relations:
        query = (
            "SELECT count(*), coalesce(sum(CASE WHEN n > 1 THEN 1 ELSE 0 END), 0)"
            " FROM (SELECT count(*) AS n"
            f" FROM triple WHERE relation_id = ? AND rev_removed = 0 GROUP BY {end}_id) AS g"
        )
        counts[relation] = Counts(*map(int, sql.all(query, (relation,))[0]))
    return counts


def count_one_way(sql: Sql, relations: Iterable[int]) -> dict[int, Counts]:
    """The number of each relation's facts between two entities, and of those without a reverse."""
    counts = {}
    for relation in relations:
        query = (
            "SELECT count(*), coalesce(sum(CASE WHEN EXISTS (SELECT 1 FROM triple y"
            " WHERE y.head_id = x.tail_id"
            " AND y.relation_id = x.relation_id AND y.tail_id = x.head_id AND y.rev_removed = 0)"
            " THEN 0 ELSE 1 END), 0)"
            " FROM triple x WHERE x.relation_id = ? AND x.rev_removed = 0 AND x.tail_id > 0"
            " AND x.head_id <> x.tail_id"
        )
        counts[relation] = Counts(*map(int, sql.all(query, (relation,))[0]))
    return counts


def end_types(sql: Sql, relation: int, end: str) -> tuple[int, dict[str, int]]:
    """The number of distinct heads (or tails) with any type, and with each type."""
    ends = (
        f"SELECT DISTINCT {end}_id AS id FROM triple WHERE relation_id = ? AND rev_removed = 0"
        f" AND {end}_id > 0"
    )
    typed = (
        f"FROM ({ends}) AS e JOIN triple k ON k.head_id = e.id AND k.relation_id = {_TYPE}"
        " AND k.rev_removed = 0"
    )
    total = int(sql.one(f"SELECT count(DISTINCT e.id) {typed}", (relation,)) or 0)
    return total, _entities_of_each_type(sql, typed, (relation,))


def type_sizes(sql: Sql, limit: int) -> dict[str, int]:
    """The most common types, with the number of entities of each."""
    typed = f"FROM triple k WHERE k.relation_id = {_TYPE} AND k.rev_removed = 0"
    counts = _entities_of_each_type(sql, typed, ())
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit])


def _entities_of_each_type(sql: Sql, typed: str, parameters: tuple[object, ...]) -> dict[str, int]:
    """The number of entities of each type.

    Args:
        sql: A reading transaction.
        typed: The clauses of a query from FROM on, in which ``k`` are the statements of types.
        parameters: The parameters of these clauses.
    """
    query = (
        f"SELECT l.value, g.id, g.n FROM (SELECT k.tail_id AS id, count(*) AS n {typed}"
        " GROUP BY k.tail_id) AS g JOIN literal l ON l.id = g.id"
    )
    counts: dict[str, int] = {}
    ids: dict[str, list[int]] = defaultdict(list)
    for name, number, count in sql.all(query, parameters):
        counts[name] = int(count)
        ids[name].append(number)
    for name, numbers in ids.items():
        if len(numbers) > 1:  # with several datatypes or languages; an entity may have them all
            listed, parameter = sql.values(numbers)
            distinct = f"SELECT count(DISTINCT k.head_id) {typed} AND k.tail_id IN {listed}"
            counts[name] = int(sql.one(distinct, (*parameters, parameter)) or 0)
    return counts


def entities_of_both(sql: Sql, first: str, second: str, limit: int) -> list[str]:
    """The entities that have both of two types."""
    query = (
        "SELECT DISTINCT e.key FROM triple a JOIN literal p ON p.id = a.tail_id"
        " JOIN triple b ON b.head_id = a.head_id AND b.relation_id = a.relation_id"
        " AND b.rev_removed = 0"
        " JOIN literal q ON q.id = b.tail_id JOIN entity e ON e.id = a.head_id"
        f" WHERE a.relation_id = {_TYPE} AND a.rev_removed = 0 AND p.value = ? AND q.value = ?"
        " ORDER BY e.key LIMIT ?"
    )
    return [key for (key,) in sql.all(query, (first, second, limit))]


def overlaps(sql: Sql, types: Sequence[str]) -> dict[tuple[str, str], int]:
    """The number of entities that have both types, for each pair that has such entities."""
    listed, parameter = sql.values(list(types))
    query = (
        "SELECT p.value, q.value, count(DISTINCT a.head_id) FROM triple a"
        " JOIN literal p ON p.id = a.tail_id"
        " JOIN triple b ON b.head_id = a.head_id AND b.relation_id = a.relation_id"
        " AND b.rev_removed = 0 JOIN literal q ON q.id = b.tail_id"
        f" WHERE a.relation_id = {_TYPE} AND a.rev_removed = 0 AND p.value IN {listed}"
        f" AND q.value IN {listed}"
        " AND p.value < q.value GROUP BY p.value, q.value"
    )
    return {(first, second): int(n) for first, second, n in sql.all(query, (parameter, parameter))}


def facts_with_several(sql: Sql, relation: str, end: str, limit: int) -> list[Fact]:
    """The facts of heads with several tails, or of tails with several heads."""
    condition = (
        f"x.{end}_id IN (SELECT {end}_id FROM triple WHERE relation_id = x.relation_id"
        f" AND rev_removed = 0 GROUP BY {end}_id HAVING count(*) > 1)"
    )
    return _facts(sql, relation, condition, (), limit, f"x.{end}_id, x.{_OTHER[end]}_id")


def facts_of_other_types(
    sql: Sql, relation: str, end: str, types: Sequence[str], limit: int
) -> list[Fact]:
    """The facts whose head (or tail) has a type, but none of ``types``."""
    listed, parameter = sql.values(list(types))
    has = (
        f"SELECT 1 FROM triple k JOIN literal l ON l.id = k.tail_id WHERE k.head_id = x.{end}_id"
        f" AND k.relation_id = {_TYPE} AND k.rev_removed = 0"
    )
    condition = f"EXISTS ({has}) AND NOT EXISTS ({has} AND l.value IN {listed})"
    return _facts(sql, relation, condition, (parameter,), limit, "x.head_id, x.tail_id")


def facts_one_way(sql: Sql, relation: str, limit: int, *, both: bool) -> list[Fact]:
    """The facts that are stated in one direction only, or with ``both`` in both directions."""
    back = (
        "EXISTS (SELECT 1 FROM triple y WHERE y.head_id = x.tail_id"
        " AND y.relation_id = x.relation_id"
        " AND y.tail_id = x.head_id AND y.rev_removed = 0)"
    )
    condition = f"x.tail_id > 0 AND x.head_id <> x.tail_id AND {'' if both else 'NOT '}{back}"
    return _facts(sql, relation, condition, (), limit, "x.head_id, x.tail_id")


def _facts(
    sql: Sql, relation: str, condition: str, parameters: tuple[object, ...], limit: int, order: str
) -> list[Fact]:
    query = (
        "SELECT x.head_id, x.tail_id FROM triple x WHERE x.relation_id = (SELECT id FROM relation"
        f" WHERE key = ?) AND x.rev_removed = 0 AND {condition} ORDER BY {order} LIMIT ?"
    )
    rows = sql.all(query, (relation, *parameters, limit))
    node_of_id = nodes(sql, {number for row in rows for number in row})
    return [(node_of_id[head], relation, node_of_id[tail]) for head, tail in rows]


def types_of(sql: Sql, keys: Sequence[str]) -> dict[str, set[str]]:
    """The types of entities."""
    types: dict[str, set[str]] = defaultdict(set)
    listed, parameter = sql.values(list(keys))
    query = (
        "SELECT e.key, l.value FROM entity e JOIN triple k ON k.head_id = e.id"
        " JOIN literal l ON l.id = k.tail_id"
        f" WHERE e.key IN {listed} AND k.relation_id = {_TYPE} AND k.rev_removed = 0"
    )
    for key, name in sql.all(query, (parameter,)) if keys else ():
        types[key].add(name)
    return types
