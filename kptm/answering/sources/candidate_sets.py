"""The candidates for (entity, relation, ?): all tails of the relation, or all its heads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from kg.embedding import EntityEmbeddings
    from kg.graph import KnowledgeGraph

MAX_CACHED_SETS = 64
"""The maximum number of candidate sets in the cache, which is emptied when it is full."""


class CandidateSet:
    """The candidates for an answer: the heads or the tails of a relation.

    Attributes:
        keys: The keys of these entities, sorted, followed by the answers read in texts.
        place: The position of each key in ``keys``.
    """

    def __init__(self, keys: list[str]) -> None:
        self.keys = keys
        self.place = {key: number for number, key in enumerate(keys)}
        self._rows: dict[int, tuple[EntityEmbeddings, NDArray[np.int64]]] = {}

    def __len__(self) -> int:
        return len(self.keys)

    def append(self, keys: Iterable[str]) -> CandidateSet:
        """A set with further candidates at the end; this set itself if none of them is new."""
        others = [key for key in dict.fromkeys(keys) if key not in self.place]
        return CandidateSet([*self.keys, *others]) if others else self

    def rows(self, embeddings: EntityEmbeddings) -> NDArray[np.int64]:
        """The row of each candidate in the table of vectors, shape (N,); -1 without a vector."""
        table_and_rows = self._rows.get(id(embeddings))
        if table_and_rows is None:
            known = embeddings.keys.of(self.keys)
            # The cache also holds the table, so that no other table can get the same id().
            table_and_rows = (
                embeddings,
                np.array([known.get(key, -1) for key in self.keys], np.int64),
            )
            self._rows[id(embeddings)] = table_and_rows
        return table_and_rows[1]


class CandidateSets:
    """Reads and caches the candidates of each relation, until the graph changes."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph
        self._state: tuple[int, str, str] | None = None
        self._sides: dict[tuple[str, bool], CandidateSet] = {}

    def of(self, relation: str, forward: bool) -> CandidateSet:
        """The tails of a relation if ``forward``, otherwise its heads."""
        state = self._graph.log.state()
        if state is None or state != self._state or len(self._sides) >= MAX_CACHED_SETS:
            self._sides.clear()
            self._state = state
        candidates = self._sides.get((relation, forward))
        if candidates is None:
            facts = self._graph.match(None, relation)
            keys = {item.tail if forward else item.head for item in facts}
            candidates = self._sides[relation, forward] = CandidateSet(sorted(keys))
        return candidates
