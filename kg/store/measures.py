"""Measures of the nodes of a set: the values at the end of a path, or how many nodes are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kg.store.following import ends
from kg.store.sets import Clause, NodeSet
from kg.store.times import hold, times
from kg.types import Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kg.store.sets import Sets
    from kg.store.times import Moments

    Path = Sequence[tuple[int, bool]]
    """(relation, forward) a step."""


def values(sets: Sets, base: NodeSet, path: Path) -> list[tuple[Any, ...]]:
    """(node, id of a value, value, datatype, language, unit), each once, of all values that a path leads to."""
    joined = _joined(sets, base, path)
    query = (
        "SELECT v.base, v.there, l.value, l.datatype, l.language, l.unit"
        f" FROM ({joined.text}) AS v JOIN literal l ON l.id = v.there"
    )
    return sets.sql.all(query, joined.parameters)


def stated(
    sets: Sets,
    base: NodeSet,
    relation: int,
    without: Collection[int],
    roles: dict[int, str],
    period: Moments | None,
) -> list[Literal]:
    """The values that a relation gives the nodes of a set, once for each node, also two that are equal.

    Args:
        sets: The operations on sets.
        base: The set.
        relation: The relation.
        without: Nodes that are left out.
        roles: The relations of the qualifiers for time.
        period: The time at which the facts held; None takes all.
    """
    text, parameters = sets.listing(base)
    rows = sets.sql.all(
        f"SELECT x.id, x.head_id, l.value, l.datatype, l.language, l.unit FROM ({text}) AS b CROSS JOIN triple x"
        f" JOIN literal l ON l.id = x.tail_id WHERE x.head_id = b.id AND x.relation_id = ? AND {sets.lives()}",
        (*parameters, relation),
    )
    rows = [row for row in rows if row[1] not in without]
    if period is not None:
        said = times(sets.sql, [row[0] for row in rows], roles, sets.at)
        rows = [row for row in rows if hold(said.get(row[0], ()), period) is not None]
    return [Literal(*row[2:]) for row in rows]


def counts(sets: Sets, base: NodeSet, path: Path, among: NodeSet | None) -> dict[int, int]:
    """How many nodes a path leads to from each of a set, or how many of ``among``; nodes that have none are left out."""
    joined = _joined(sets, base, path)
    where = Clause("1 = 1") if among is None else sets.holds(among, "v.there")
    query = f"SELECT v.base, count(*) FROM ({joined.text}) AS v WHERE {where.text} GROUP BY v.base"
    return dict(sets.sql.all(query, (*joined.parameters, *where.parameters)))


def counted(sets: Sets, node: int, path: Path, among: NodeSet | None, limit: int) -> list[int]:
    """The first of the nodes that are counted of one."""
    joined = _joined(sets, NodeSet((node,)), path)
    where = Clause("1 = 1") if among is None else sets.holds(among, "v.there")
    query = f"SELECT v.there FROM ({joined.text}) AS v WHERE {where.text} ORDER BY abs(v.there) LIMIT {limit:d}"
    return [there for (there,) in sets.sql.all(query, (*joined.parameters, *where.parameters))]


def _joined(sets: Sets, base: NodeSet, path: Path) -> Clause:
    """A statement of the pairs (base, there), each once. A path of several steps does not come back to where it starts."""
    text, parameters = sets.listing(base)
    tables, where = [f"({text}) AS b"], []
    last = "b.id"
    for number, (relation, forward) in enumerate(path):
        here, there = ends(forward)
        name = f"x{number}"
        tables.append(f"triple {name}")
        where += [f"{name}.{here} = {last}", f"{name}.relation_id = {relation:d}", sets.lives(name)]
        last = f"{name}.{there}"
        if len(path) > 1:
            where.append(f"{last} <> b.id")
    return Clause(
        f"SELECT DISTINCT b.id AS base, {last} AS there FROM {' CROSS JOIN '.join(tables)} WHERE {' AND '.join(where)}",
        parameters,
    )
