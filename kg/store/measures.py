"""Measures of the nodes of a set: the values at the end of a path, or how many nodes are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kg.store.following import ends
from kg.store.sets import Clause, NodeSet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.store.sets import Sets

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
