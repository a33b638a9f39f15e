"""Decides whether an entity can have a relation at all, by looking at similar entities.

Link prediction ranks capitals even for a poem. Therefore a prediction is shown only if some entity
of the same type has the relation. If the entity has no type, its similar entities are those that
share one of its relations.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from kg.graph import KnowledgeGraph
    from kg.types import Step

MAX_OWN_FACTS = 1_000
"""The maximum number of facts of an entity without types from which its relations are read."""
MAX_RELATION_FACTS, FACTS_PER_BATCH = 20_000, 500
"""The maximum number of facts of a relation that are read, and the number read at a time."""


def is_plausible(graph: KnowledgeGraph, entity: str, step: Step) -> bool:
    """Whether any entity similar to this one has a fact along the step."""
    stored = graph.entities([entity]).get(entity)
    if stored is None:
        return False
    if stored.types:
        return _among_types(graph, stored.types, step)
    return any(
        _any(graph, [_pattern("?x", step), _pattern("?x", own, "?z")])
        for own in _steps(graph, entity)
        if own != step
    )


def _among_types(graph: KnowledgeGraph, types: Collection[str], step: Step) -> bool:
    """Whether any entity of one of the types has a fact along the step."""
    facts = islice(graph.match(None, step.relation), MAX_RELATION_FACTS)
    ends = (fact.head if step.forward else fact.tail for fact in facts)
    while some := set(islice(ends, FACTS_PER_BATCH)):
        if any(not set(types).isdisjoint(item.types) for item in graph.entities(some).values()):
            return True
    return False


def _steps(graph: KnowledgeGraph, entity: str) -> Iterator[Step]:
    """Yield the relations of an entity, each with its direction, and each once."""
    from kg.types import Step

    facts = islice(graph.touching([entity]), MAX_OWN_FACTS)
    yield from sorted({Step(fact.relation, fact.head == entity) for fact in facts})


def _pattern(start: str, step: Step, end: str = "?y") -> tuple[str, str, str]:
    return (start, step.relation, end) if step.forward else (end, step.relation, start)


def _any(graph: KnowledgeGraph, patterns: list[tuple[str, str, str]]) -> bool:
    return next(graph.query(patterns, select=["?x"], limit=1), None) is not None
