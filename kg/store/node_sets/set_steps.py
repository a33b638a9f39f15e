"""New sets of nodes: entities of a type, nodes with a relation, nodes that a step leads to."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING

from kg.store.node_sets.sets import EMPTY, Clause, NodeSet, inside
from kg.store.node_sets.traverse import ends
from kg.store.read.triples import alive
from kg.store.rows.times import currency, hold, times

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from kg.store.node_sets.sets import NodeSets
    from kg.store.rows.times import Moments

    Rows = list[tuple[int, int, int, int | None]]
    """(node reached, fact, its first revision, line of the source)."""


def of_type(sets: NodeSets, relation: int, types: Collection[int]) -> NodeSet:
    """The entities of one of several types: heads of triples of ``relation`` with such a tail."""
    if not types:
        return EMPTY
    parameters = (relation, *sorted(types))
    marks = ", ".join("?" * len(types))

    def where(x: str) -> str:
        return f"{x}.relation_id = ? AND {x}.tail_id IN ({marks}) AND {alive(sets.at, x)}"

    def holds(column: str) -> Clause:
        x = inside(column)
        text = sets.exists(f"triple {x} WHERE {x}.head_id = {column} AND {where(x)}")
        return Clause(text, parameters)

    # An entity may have several of the types, but has each only once.
    once = "DISTINCT " if len(types) > 1 else ""
    return sets.of(
        Clause(f"SELECT {once}x.head_id AS id FROM triple x WHERE {where('x')}", parameters), holds
    )


def having(sets: NodeSets, relation: int, forward: bool) -> NodeSet:
    """All nodes that are heads of a relation's facts, or tails if not ``forward``."""
    here, _ = ends(forward)

    def where(x: str) -> str:
        return f"{x}.relation_id = ? AND {sets.lives(x)}"

    def holds(column: str) -> Clause:
        x = inside(column)
        text = sets.exists(f"triple {x} WHERE {x}.{here} = {column} AND {where(x)}")
        return Clause(text, (relation,))

    listing = Clause(
        f"SELECT DISTINCT x.{here} AS id FROM triple x WHERE {where('x')}", (relation,)
    )
    return sets.of(listing, holds)


def take_step(
    sets: NodeSets, source: NodeSet, step: tuple[int, bool], without: Collection[int] = ()
) -> NodeSet:
    """The nodes that a step leads to from a set, in the order of ``traverse.follow``.

    Args:
        sets: The operations on sets.
        source: The set.
        step: The relation's id, and whether the step goes from head to tail.
        without: Nodes that the step neither starts from nor reaches: the start of a path.
    """
    if source.ids is None:
        return sets.of(*_step_query(sets, source, step, without))
    start = NodeSet(tuple(number for number in source.ids if number not in without))
    if not start.ids:
        return EMPTY
    # Few facts lead to few nodes. Many facts may lead to few nodes too: then the nodes are counted.
    rows = _facts(sets, start, step, limit=2 * sets.small + 1)
    if len(rows) <= 2 * sets.small:
        return NodeSet(_in_order(sets, rows, without))
    reached = sets.of(*_step_query(sets, start, step, without))
    if reached.ids is None:
        reached.order = lambda sets_now: _in_order(sets_now, _facts(sets_now, start, step), without)
        return reached
    return NodeSet(_in_order(sets, _facts(sets, start, step), without))


def reached_during(
    sets: NodeSets,
    source: NodeSet,
    step: tuple[int, bool],
    period: Moments,
    without: Collection[int] = (),
) -> NodeSet:
    """The nodes that a step leads to by facts that held in a period.

    Nodes of dated facts come before those of facts without a date.

    Args:
        sets: The operations on sets.
        source: The set.
        step: The relation's id, and whether the step goes from head to tail.
        period: The period.
        without: Nodes that the step neither starts from nor reaches.
    """
    if source.ids is not None:
        source = NodeSet(tuple(number for number in source.ids if number not in without))
    rows = _facts(sets, source, step)
    times_of = times(sets.sql, {row[1] for row in rows}, sets.roles, sets.at)
    ranks = {row[1]: hold(times_of.get(row[1], ()), period) for row in rows}
    keys = {fact: (rank, Fraction(0)) for fact, rank in ranks.items() if rank is not None}
    return NodeSet(_sort([row for row in rows if row[1] in keys], without, keys))


def ways(
    sets: NodeSets,
    source: NodeSet,
    step: tuple[int, bool],
    node: int,
    without: Collection[int],
    limit: int,
) -> list[tuple[int, int]]:
    """(node of the set, fact) for the first ``limit`` facts by which a step leads to ``node``."""
    relation, forward = step
    here, there = ends(forward)
    condition = sets.holds(source, f"x.{here}")
    away = "".join(f" AND x.{here} <> {number:d}" for number in without)
    return sets.sql.all(
        f"SELECT x.{here}, x.id FROM triple x WHERE x.{there} = ? AND x.relation_id = ?"
        f" AND {condition.text} AND {sets.lives()}{away} ORDER BY +x.id LIMIT {limit:d}",
        (node, relation, *condition.parameters),
    )


def _step_query(
    sets: NodeSets, source: NodeSet, step: tuple[int, bool], without: Collection[int]
) -> tuple[Clause, Callable[[str], Clause]]:
    """The SQL of the nodes that a step leads to from a set: a listing, and a condition."""
    relation, forward = step
    here, there = ends(forward)
    text, parameters = sets.listing(source)

    def where(x: str) -> str:
        away = "".join(f" AND {x}.{end} <> {n:d}" for n in without for end in (here, there))
        return f"{x}.relation_id = ? AND {sets.lives(x)}{away}"

    def holds(column: str) -> Clause:
        x = inside(column)
        inner = sets.holds(source, f"{x}.{here}")
        joined = f"triple {x} WHERE {x}.{there} = {column} AND {where(x)} AND {inner.text}"
        return Clause(sets.exists(joined), (relation, *inner.parameters))

    once = "" if source.ids is not None and len(source.ids) == 1 else "DISTINCT "
    # In SQLite a CROSS JOIN keeps the order in which it is written; elsewhere it is a plain join.
    listing = (
        f"SELECT {once}x.{there} AS id FROM ({text}) AS n CROSS JOIN triple x"
        f" WHERE x.{here} = n.id AND {where('x')}"
    )
    return Clause(listing, (*parameters, relation)), holds


def _facts(
    sets: NodeSets, source: NodeSet, step: tuple[int, bool], limit: int | None = None
) -> Rows:
    """The facts by which a step leaves a set, each once for every line that states it."""
    relation, forward = step
    here, there = ends(forward)
    text, parameters = sets.listing(source)
    query = (
        f"SELECT x.{there}, x.id, x.rev_added, s.line FROM ({text}) AS n CROSS JOIN triple x"
        " LEFT JOIN triple_source s ON s.triple_id = x.id AND s.rev_added = x.rev_added"
        f" WHERE x.{here} = n.id AND x.relation_id = ? AND {sets.lives()}"
    )
    if limit is not None:
        query += f" LIMIT {limit:d}"
    return sets.sql.all(query, (*parameters, relation))


def _in_order(sets: NodeSets, rows: Rows, without: Collection[int]) -> tuple[int, ...]:
    """Sort nodes: those of facts that hold today first, then as ``traverse.follow`` does."""
    times_of = times(sets.sql, {row[1] for row in rows}, sets.roles, sets.at)
    dated = any(moments is not None for when in times_of.values() for moments in when)
    keys = {fact: currency(when, sets.today) for fact, when in times_of.items()} if dated else {}
    return _sort(rows, without, keys)


def _sort(
    rows: Rows, without: Collection[int], keys: Mapping[int, tuple[int, Fraction]]
) -> tuple[int, ...]:
    """Sort nodes by their facts: least key, most facts, first revision, first line, least id."""
    if not keys and len({row[0] for row in rows}) == len(rows):  # one fact and line for each node
        alone = sorted((revision, line or 0, fact, node) for node, fact, revision, line in rows)
        return tuple(node for *_, node in alone if node not in without)
    facts: dict[int, set[int]] = defaultdict(set)
    lines: dict[int, int] = {}
    revisions: dict[int, int] = {}
    for node, fact, revision, line in rows:
        if node in without:
            continue
        facts[node].add(fact)
        revisions[node] = min(revisions.get(node, revision), revision)
        if line is not None:
            lines[node] = min(lines.get(node, line), line)
    first = (0, Fraction(0))
    return tuple(
        sorted(
            facts,
            key=lambda n: (
                min(keys.get(fact, first) for fact in facts[n]) if keys else first,
                -len(facts[n]),
                revisions[n],
                lines.get(n, 0),
                min(facts[n]),
            ),
        )
    )
