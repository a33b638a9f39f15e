"""Detects stale vectors: embeddings and models of an older revision of the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.answering.answer_parts import Evidence
from kptm.answering.sources.source import LINKS, MODEL

if TYPE_CHECKING:
    from collections.abc import Collection

    from kg.embedding import EntityEmbeddings
    from kg.graph import KnowledgeGraph

REMEDY = {
    LINKS: ("the embeddings were", "run kptm embed, or kptm embed --update for what is new"),
    MODEL: ("the model was", "run kptm embed and kptm pretrain"),
}


class StalenessCheck:
    """Compares the current facts with those at the training, by reading only the changes.

    Args:
        graph: The current graph.
        tables: The vectors of each source.

    Raises:
        EmbeddingMismatchError: Vectors belong to another graph.
    """

    def __init__(self, graph: KnowledgeGraph, tables: dict[str, EntityEmbeddings]) -> None:
        self._graph = graph
        self._bases = {
            kind: base
            for kind, table in tables.items()
            if (base := _base(graph, table)) is not None
        }
        self._revision = -1
        self._state: tuple[int, str, str] | None = None
        self._changed: dict[str, set[str]] = {}

    def notes(self, kinds: Collection[str], topic: str) -> tuple[Evidence, ...]:
        """Notes on the sources whose vectors are stale, with the command that renews them.

        Args:
            kinds: The sources of the answer.
            topic: The entity in the question.
        """
        self._compare()
        notes = []
        for kind in REMEDY:
            if kind in kinds and kind in self._changed:
                what, remedy = REMEDY[kind]
                about = (
                    f", and says other things of {topic}" if topic in self._changed[kind] else ""
                )
                text = (
                    f"{what} trained on revision {self._bases[kind]}, the graph is at revision"
                    f" {self._revision} and has other facts{about}; {remedy}"
                )
                notes.append(Evidence("stale", text, score=0.0, revision=self._bases[kind]))
        return tuple(notes)

    def _compare(self) -> None:
        state = self._graph.log.state()
        if state is not None and state == self._state:
            return
        self._state, newest = state, self._graph.revision()
        self._revision = newest
        self._changed = {}
        for kind, base in self._bases.items():
            if base == newest:
                continue
            keys = self._graph.changed_entities(base)
            if keys is None:  # too many changes, or a purge
                self._changed[kind] = set()
                continue
            now = set(self._graph.touching(keys))
            differing = now ^ set(self._graph.at(base).touching(keys))
            if differing:
                self._changed[kind] = {end for item in differing for end in (item.head, item.tail)}


def _base(graph: KnowledgeGraph, table: EntityEmbeddings) -> int | None:
    """The graph's revision at the training; None for vectors from elsewhere."""
    table.check(graph)
    if not table.fingerprint:
        return None
    newest = graph.revision()
    then = min(table.revision, newest)
    return then if graph.fingerprint(then) == table.fingerprint else newest
