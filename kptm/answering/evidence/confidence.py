"""The confidences of the facts on the path to an answer; the answer's p is multiplied by them."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from kg.types import Triple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kg.graph import KnowledgeGraph
    from kptm.answering.questions.path_reading import Reading

MAX_PATH_ANSWERS = 10
"""The maximum number of answers of a path of several hops whose facts are read."""
MAX_HOP_ANSWERS = 100
"""The maximum number of answers of one hop whose facts are read."""

Trails = dict[str, list[Triple]]
"""The facts on the path to each answer, by answer."""


def trails_of(graph: KnowledgeGraph, reading: Reading, answers: Sequence[str]) -> Trails:
    """The facts on the path of a reading to each of the first answers."""
    if len(reading.path) == 1:
        return {key: [_fact(reading, key)] for key in answers[:MAX_HOP_ANSWERS]}
    ways = {
        key: graph.trails(reading.entity, reading.path, key) for key in answers[:MAX_PATH_ANSWERS]
    }
    return {key: trails[0] if trails else [] for key, trails in ways.items()}


def confidences(graph: KnowledgeGraph, trails: Mapping[str, Sequence[Triple]]) -> dict[str, float]:
    """The product of the confidences of each answer's facts; a fact without one counts as 1."""
    stated = graph.confidences({fact for trail in trails.values() for fact in trail})
    return {key: prod(stated.get(fact, 1.0) for fact in trail) for key, trail in trails.items()}


def _fact(reading: Reading, other: str) -> Triple:
    head, tail = (reading.entity, other) if reading.forward else (other, reading.entity)
    return Triple(head, reading.relation, tail)
