"""Finds the facts of the graph and the proposals that break constraints."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.store.read import shapes
from kg.types import Literal
from kg.values import ValueKey
from kptm.constraints.constraint import Constraint, ConstraintKind, Violation
from kptm.constraints.learned import learn

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from kg.graph import KnowledgeGraph
    from kg.review.proposal import Proposal
    from kg.sql.cursor import Sql
    from kptm.constraints.config import ConstraintsConfig

MAX_NAMED_CONFLICTS = 3
"""The maximum number of conflicting heads or tails that the reason of a violation names."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The constraints that were checked, and their violations.

    Attributes:
        constraints: The declared constraints, then the learnt ones.
        violations: Facts and proposals that break them.
    """

    constraints: tuple[Constraint, ...]
    violations: tuple[Violation, ...]


def constraints_of(
    graph: KnowledgeGraph, config: ConstraintsConfig, relations: Collection[str] | None = None
) -> list[Constraint]:
    """The declared constraints, then those learnt from the graph.

    A constraint is not learnt where one of its kind is declared for the same relation or type.

    Args:
        graph: Constraints are learnt from its facts.
        config: The declared constraints, and how many facts a learnt one needs.
        relations: Return only the constraints of these relations, and all disjoint types; None
            returns all.
    """
    declared = [
        constraint
        for constraint in config.declared_constraints()
        if relations is None
        or constraint.subject in relations
        or constraint.kind == ConstraintKind.DISJOINT
    ]
    known = {(constraint.kind, constraint.subject) for constraint in declared}
    learnt = learn(graph, config, relations) if config.learn else []
    return declared + [
        constraint for constraint in learnt if (constraint.kind, constraint.subject) not in known
    ]


def check(
    graph: KnowledgeGraph,
    config: ConstraintsConfig,
    *,
    limit: int = 1_000,
    shapes: Path | None = None,
) -> CheckReport:
    """Check the facts of a graph against all constraints, and its undecided proposals.

    Proposals are not checked for disjoint types and symmetry.

    Args:
        graph: The graph to check.
        config: The declared constraints, and how many facts a learnt one needs.
        limit: The maximum number of violating facts listed for each constraint.
        shapes: A file of SHACL shapes to check as well.

    Raises:
        ConfigError: The file of shapes is missing or malformed, or pySHACL is not installed.
    """
    constraints = constraints_of(graph, config)
    violations: list[Violation] = []
    with graph.database.reading() as sql:
        for constraint in constraints:
            if constraint.is_declared or constraint.exceptions:
                violations += _in_graph(sql, constraint, limit)
    proposals = graph.proposals.find()
    for violations_of_proposal in _find_violations(graph, proposals, constraints).values():
        violations += violations_of_proposal
    if shapes is not None:
        from kptm.constraints.shacl import check_shapes

        violations += check_shapes(graph, shapes, proposals, limit=limit)
    return CheckReport(tuple(constraints), tuple(violations))


def check_proposals(
    graph: KnowledgeGraph, proposals: Sequence[Proposal], config: ConstraintsConfig
) -> Mapping[int, list[Violation]]:
    """The violations of each proposal, by the proposal's number; others have no entry."""
    if not proposals:
        return {}
    relations = {item.relation for item in proposals}
    return _find_violations(graph, proposals, constraints_of(graph, config, relations))


def _in_graph(sql: Sql, constraint: Constraint, limit: int) -> Iterator[Violation]:
    kind = constraint.kind
    if kind == ConstraintKind.DISJOINT:
        for key in shapes.entities_of_both(sql, constraint.subject, constraint.types[0], limit):
            yield Violation(
                constraint,
                key,
                "",
                "",
                f"has both types {constraint.subject} and {constraint.types[0]}",
            )
        return
    if kind in (ConstraintKind.DOMAIN, ConstraintKind.RANGE):
        end = "head" if kind == ConstraintKind.DOMAIN else "tail"
        facts = shapes.facts_of_other_types(sql, constraint.subject, end, constraint.types, limit)
        reason = f"the {end} has none of the types {', '.join(constraint.types)}"
    elif kind in (ConstraintKind.FUNCTIONAL, ConstraintKind.INVERSE_FUNCTIONAL):
        end = "head" if kind == ConstraintKind.FUNCTIONAL else "tail"
        facts = shapes.facts_with_several(sql, constraint.subject, end, limit)
        reason = f"the {end} has several {'tails' if end == 'head' else 'heads'}"
    else:
        holds = kind == ConstraintKind.ASYMMETRIC
        facts = shapes.facts_one_way(sql, constraint.subject, limit, both=holds)
        reason = "holds in both directions" if holds else "does not hold in the other direction"
    for head, relation, tail in facts:
        value = tail.literal if isinstance(tail, ValueKey) else tail
        yield Violation(constraint, head, relation, value, reason)


def _find_violations(
    graph: KnowledgeGraph, proposals: Sequence[Proposal], constraints: Sequence[Constraint]
) -> dict[int, list[Violation]]:
    by_relation: dict[str, list[Constraint]] = defaultdict(list)
    for constraint in constraints:
        by_relation[constraint.subject].append(constraint)
    keys = {item.head for item in proposals}
    keys |= {item.tail for item in proposals if isinstance(item.tail, str)}
    with graph.database.reading() as sql:
        types = shapes.types_of(sql, sorted(keys))
    violations: dict[int, list[Violation]] = defaultdict(list)
    for item in proposals:
        for constraint in by_relation[item.relation]:
            reason = _reason(graph, item, constraint, types)
            if reason:
                violation = Violation(
                    constraint, item.head, item.relation, item.tail, reason, item.id
                )
                violations[item.id].append(violation)
    return dict(violations)


def _reason(
    graph: KnowledgeGraph, item: Proposal, constraint: Constraint, types: Mapping[str, set[str]]
) -> str:
    """Why a proposal breaks a constraint; "" if it does not break it."""
    kind = constraint.kind
    if kind in (ConstraintKind.DOMAIN, ConstraintKind.RANGE):
        end = item.head if kind == ConstraintKind.DOMAIN else item.tail
        own = types.get(end, set()) if isinstance(end, str) else set()
        if not own or own & set(constraint.types):
            return ""
        return f"{end} is {', '.join(sorted(own))}, not {' or '.join(constraint.types)}"
    if kind == ConstraintKind.FUNCTIONAL:
        others = [other for other in _tails(graph, item) if not _same(other, item.tail)]
        return _has("already has", others)
    if kind == ConstraintKind.INVERSE_FUNCTIONAL and isinstance(item.tail, str):
        heads = [fact.head for fact in graph.match(None, item.relation, item.tail)]
        return _has("is already the tail of", [head for head in heads if head != item.head])
    if kind == ConstraintKind.ASYMMETRIC and isinstance(item.tail, str):
        back = next(iter(graph.match(item.tail, item.relation, item.head)), None)
        return "the graph already has the reverse fact" if back is not None else ""
    return ""


def _tails(graph: KnowledgeGraph, item: Proposal) -> list[str | Literal]:
    tails: list[str | Literal] = [fact.tail for fact in graph.match(item.head, item.relation, None)]
    tails += [
        attribute.value
        for attribute in graph.attributes(item.head)
        if attribute.relation == item.relation
    ]
    return tails


def _same(first: str | Literal, second: str | Literal) -> bool:
    if isinstance(first, Literal) and isinstance(second, Literal):
        from kg.values.base_quantities import quantity

        sizes = quantity(first), quantity(second)
        return first == second or (sizes[0] is not None and sizes[0] == sizes[1])
    return first == second


def _has(claim: str, others: Sequence[str | Literal]) -> str:
    if not others:
        return ""
    named = [
        tail.value if isinstance(tail, Literal) else tail for tail in others[:MAX_NAMED_CONFLICTS]
    ]
    return f"{claim} {', '.join(named)}{', …' if others[MAX_NAMED_CONFLICTS:] else ''}"
