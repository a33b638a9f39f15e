"""Finds the graph's facts between the entities of a text."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kg.view import GraphView
    from kptm.linking import LinkedText
    from kptm.pretraining.data.shards import Related

MAX_ENTITIES_PER_TEXT = 6
"""The number of first entities of a text whose pairs are looked up in the graph."""


class TripleIndex:
    """Finds the facts that join the entities of a text.

    Args:
        graph: The graph.

    Attributes:
        relations: The keys of the relations, in the order of their numbers.
    """

    def __init__(self, graph: GraphView) -> None:
        self._graph = graph
        self.relations = sorted(relation.key for relation in graph.relations())
        self._number = {key: number for number, key in enumerate(self.relations)}

    def __call__(self, document: LinkedText) -> Related:
        """(head, number of the relation, tail) of the facts between entities of a text, sorted."""
        return tuple(
            sorted(
                (head, self._number[triple.relation], tail)
                for head, tail in permutations(document.entities()[:MAX_ENTITIES_PER_TEXT], 2)
                for triple in self._graph.match(head=head, tail=tail)
            )
        )
