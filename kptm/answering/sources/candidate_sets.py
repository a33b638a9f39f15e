"""Candidates for (entity, relation, ?): all entities on that side of the relation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from kg.embedding import EntityEmbeddings
    from kg.graph import KnowledgeGraph

KEPT = 64
"""Candidate sets that are cached; of a graph with more relations the others are read anew."""


class CandidateSet:
    """The entities on one side of a relation.

    Attributes:
        keys: Their keys, sorted; after them those of answers that texts give.
        place: Where each stands among them.
    """

    def __init__(self, keys: list[str]) -> None:
        self.keys = keys
        self.place = {key: number for number, key in enumerate(keys)}
        self._rows: dict[int, tuple[EntityEmbeddings, NDArray[np.int64]]] = {}

    def __len__(self) -> int:
        return len(self.keys)

    def append(self, keys: Iterable[str]) -> CandidateSet:
        """These candidates and others after them; itself where there are no others."""
        others = [key for key in dict.fromkeys(keys) if key not in self.place]
        return CandidateSet([*self.keys, *others]) if others else self

    def rows(self, embeddings: EntityEmbeddings) -> NDArray[np.int64]:
        """The row of each in a table of vectors, -1 without one, shape (len(self),)."""
        found = self._rows.get(id(embeddings))
        if found is None:
            known = embeddings.keys.of(self.keys)
            # The table is stored with its rows: while it lives, no other table can have its id().
            found = embeddings, np.array([known.get(key, -1) for key in self.keys], np.int64)
            self._rows[id(embeddings)] = found
        return found[1]


class CandidateSets:
    """The candidates of each relation, read on first use and again after a change of the graph."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph
        self._state: tuple[int, str, str] | None = None
        self._sides: dict[tuple[str, bool], CandidateSet] = {}

    def of(self, relation: str, forward: bool) -> CandidateSet:
        """The tails of a relation, or, backward, its heads."""
        state = self._graph.log.state()
        if state is None or state != self._state or len(self._sides) >= KEPT:
            self._sides.clear()
            self._state = state
        found = self._sides.get((relation, forward))
        if found is None:
            facts = self._graph.match(None, relation)
            keys = {item.tail if forward else item.head for item in facts}
            found = self._sides[relation, forward] = CandidateSet(sorted(keys))
        return found
