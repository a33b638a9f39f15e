"""Learns constraints from the graph: what nearly all facts of a relation have in common."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from kg.store.read import shapes
from kptm.constraints.constraint import Constraint, ConstraintKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from kg.graph import KnowledgeGraph
    from kg.sql.cursor import Sql
    from kg.store.read.shapes import Counts
    from kptm.constraints.config import ConstraintsConfig

MAX_COMPARED_TYPES = 60
"""How many types, the most common ones, are compared in pairs to learn disjoint types."""
MAX_ALTERNATIVES = 3
"""How many types a learnt domain or range names at most."""


def learn(
    graph: KnowledgeGraph, config: ConstraintsConfig, relations: Collection[str] | None = None
) -> list[Constraint]:
    """Learn the constraints that enough facts of the graph agree with.

    Args:
        graph: The graph to learn from.
        config: How many facts must agree with a constraint, and what share of them.
        relations: Learn only about these relations, and no disjoint types; None learns all.
    """
    with graph.database.reading() as sql:
        ids = shapes.relation_ids(sql, relations)
        constraints = list(_of_counts(sql, ids, config))
        for number, key in sorted(ids.items(), key=lambda item: item[1]):
            for kind, end in ((ConstraintKind.DOMAIN, "head"), (ConstraintKind.RANGE, "tail")):
                constraints += _of_types(sql, key, number, kind, end, config)
        if relations is None:
            constraints += _disjoint(sql, config)
    return constraints


def _of_counts(sql: Sql, ids: dict[int, str], config: ConstraintsConfig) -> Iterator[Constraint]:
    for kind, end in (
        (ConstraintKind.FUNCTIONAL, "head"),
        (ConstraintKind.INVERSE_FUNCTIONAL, "tail"),
    ):
        for number, counts in shapes.count_several(sql, ids, end).items():
            if _is_shown(counts, config):
                yield _constraint(kind, ids[number], counts)
    for number, counts in shapes.count_one_way(sql, ids).items():
        both = type(counts)(counts.cases, counts.cases - counts.exceptions)
        if _is_shown(counts, config):
            yield _constraint(ConstraintKind.SYMMETRIC, ids[number], counts)
        elif _is_shown(both, config):
            yield _constraint(ConstraintKind.ASYMMETRIC, ids[number], both)


def _is_shown(counts: Counts, config: ConstraintsConfig) -> bool:
    agreeing = counts.cases - counts.exceptions
    return counts.cases >= config.support and agreeing >= config.agreement * counts.cases


def _constraint(
    kind: ConstraintKind, subject: str, counts: Counts, types: tuple[str, ...] = ()
) -> Constraint:
    support = counts.cases - counts.exceptions
    return Constraint(kind, subject, types, support=support, exceptions=counts.exceptions)


def _of_types(
    sql: Sql, key: str, number: int, kind: ConstraintKind, end: str, config: ConstraintsConfig
) -> Iterator[Constraint]:
    """The domain or range of a relation, if its facts agree on one.

    This is the rarest type that enough heads (or tails) have; if there is none, a few types that
    together cover enough of them and nearly exclude one another.
    """
    total, counts = shapes.end_types(sql, number, end)
    if total < config.support:
        return
    enough = config.agreement * total
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    single = [name for name in ranked if counts[name] >= enough]
    if single:
        name = single[-1]
        yield Constraint(kind, key, (name,), support=counts[name], exceptions=total - counts[name])
        return
    chosen = ranked[:MAX_ALTERNATIVES]
    # An entity with two of the types counts twice, so a sum above ``total`` shows that the types
    # overlap too much to be alternatives.
    if enough <= sum(counts[name] for name in chosen) <= total:
        covered = sum(counts[name] for name in chosen)
        types = tuple(sorted(chosen))
        yield Constraint(kind, key, types, support=covered, exceptions=total - covered)


def _disjoint(sql: Sql, config: ConstraintsConfig) -> Iterator[Constraint]:
    """Pairs of common types that hardly any entity has both of."""
    sizes = {
        name: count
        for name, count in shapes.type_sizes(sql, MAX_COMPARED_TYPES).items()
        if count >= config.support
    }
    both = shapes.overlaps(sql, sorted(sizes))
    for pair in combinations(sorted(sizes), 2):
        size, shared = min(map(sizes.__getitem__, pair)), both.get(pair, 0)
        if shared <= (1 - config.agreement) * size:
            kind = ConstraintKind.DISJOINT
            yield Constraint(kind, pair[0], (pair[1],), support=size - shared, exceptions=shared)
