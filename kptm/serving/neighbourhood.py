"""Chooses the facts around an entity to draw, so that each of its relations occurs."""

from __future__ import annotations

from itertools import chain, zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeVar

    from kg.graph import KnowledgeGraph
    from kg.types import Triple

    T = TypeVar("T")

MAX_FACTS_READ = 1000
"""The maximum number of facts of the centre that are read to choose from; a hub may have a million
facts."""


def facts_around(
    graph: KnowledgeGraph, key: str, *, hops: int, limit: int
) -> tuple[list[Triple], bool]:
    """At most ``limit`` facts within one or two hops, nearest first, and whether these are all.

    If there are more facts, those with the entity as head come first, and every relation gets one
    fact before any relation gets a second. With two hops, half of the ``limit`` facts are of the
    second hop; the entities that the first hop reaches take turns.

    Raises:
        UnknownKeyError: The entity is not in the graph.
    """
    facts = graph.neighbours(key, hops=hops, limit=limit + 1)
    if len(facts) <= limit:
        return facts, True
    near = _spread(key, graph.neighbours(key, hops=1, limit=MAX_FACTS_READ))
    if hops == 1:
        return near[:limit], False
    first = near[: max(1, limit // 2)]
    reached = dict.fromkeys(end for edge in first for end in (edge.head, edge.tail) if end != key)
    second = _in_turn(
        [
            edge
            for edge in graph.neighbours(end, hops=1, limit=limit)
            if key not in (edge.head, edge.tail)
        ]
        for end in reached
    )
    far = list(dict.fromkeys(second))[: limit - len(first)]
    rest = near[len(first) : limit - len(far)]
    return [*first, *rest, *far], False


def _spread(key: str, facts: Iterable[Triple]) -> list[Triple]:
    """The facts with the entity as head, then as tail; in each part the relations take turns."""
    sides: tuple[dict[str, list[Triple]], dict[str, list[Triple]]] = ({}, {})
    for fact in facts:
        sides[fact.head != key].setdefault(fact.relation, []).append(fact)
    return [fact for side in sides for fact in _in_turn(side.values())]


def _in_turn(groups: Iterable[list[T]]) -> Iterator[T]:
    """Interleave groups: the first of each, then the second of each, and so on."""
    turns = zip_longest(*groups)
    return (item for item in chain.from_iterable(turns) if item is not None)
