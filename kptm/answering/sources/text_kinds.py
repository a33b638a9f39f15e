"""Filters answers from texts by the types of a relation's answers: a population is not a person."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from kg.values import ValueKey
from kptm.passages.text_spans import TextSpan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.graph import KnowledgeGraph
    from kptm.answering.questions.path_reading import Reading
    from kptm.answering.sources.candidate_sets import CandidateSet
    from kptm.passages.reader.passage_reader import ReadAnswer

SAMPLED_ANSWERS = 500
"""The maximum number of answers of a relation in the graph whose types are read."""


def of_its_kind(
    graph: KnowledgeGraph, reading: Reading, side: CandidateSet, read: Sequence[ReadAnswer]
) -> tuple[ReadAnswer, ...]:
    """The answers whose type fits the relation; answers of unknown type pass too.

    Args:
        graph: The graph.
        reading: The entity and relation.
        side: The tails of the relation, or its heads if a head is asked for.
        read: The answers read in texts.
    """
    if not read:
        return ()
    values = reading.forward and any(islice(graph.attributes(relation=reading.relation), 1))
    if not side.keys and not values:
        return tuple(read)
    kinds = _types(graph, side.keys[:SAMPLED_ANSWERS])
    own = {
        key: frozenset(item.types)
        for key, item in graph.entities(
            x.node for x in read if not isinstance(x.node, ValueKey)
        ).items()
    }
    return tuple(item for item in read if _fits(item.node, own, kinds, side, values=values))


def _fits(
    node: str,
    own: dict[str, frozenset[str]],
    kinds: frozenset[str],
    side: CandidateSet,
    *,
    values: bool,
) -> bool:
    """Whether the type of one answer fits; ``kinds`` are the types of the answers in the graph."""
    if isinstance(node, TextSpan):  # a name that the graph lacks, so its type is unknown
        return bool(side.keys)
    if isinstance(node, ValueKey):
        return values
    if not side.keys:  # the relation has only values
        return False
    types = own.get(node, frozenset())
    return node in side.place or not types or not kinds or not types.isdisjoint(kinds)


def _types(graph: KnowledgeGraph, keys: Sequence[str]) -> frozenset[str]:
    return frozenset(kind for item in graph.entities(keys).values() for kind in item.types)
