"""Detects stale vectors: embeddings and models that were trained on an older revision."""

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
"""By source: the beginning of the note, and the commands that train its vectors again."""


class StalenessCheck:
    """Finds the sources whose vectors were trained on other facts than those of the graph now.

    It reads only the changes since the training.

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
        """A note on each source with stale vectors, with the command that trains them again.

        Args:
            kinds: The sources of the answer.
            topic: The entity in the question.
        """
        self._compare()
        notes = []
        for kind in REMEDY:
            if kind in kinds and kind in self._changed:
                subject, remedy = REMEDY[kind]
                about = (
                    f", and says other things of {topic}" if topic in self._changed[kind] else ""
                )
                text = (
                    f"{subject} trained on revision {self._bases[kind]}, the graph is at revision"
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
            changed = entities_with_other_facts(self._graph, base)
            if changed is not None:
                self._changed[kind] = changed


def _base(graph: KnowledgeGraph, table: EntityEmbeddings) -> int | None:
    """The revision on which a table of vectors was trained; None if that is unknown."""
    table.check(graph)
    return training_revision(graph, table.fingerprint, table.revision)


def training_revision(graph: KnowledgeGraph, fingerprint: str, revision: int) -> int | None:
    """The revision of the graph on which vectors were trained; None if that is unknown.

    Args:
        graph: The current graph.
        fingerprint: The fingerprint of the graph that is stored with the vectors, or "".
        revision: The revision that is stored with the vectors.
    """
    if not fingerprint:
        return None
    newest = graph.revision()
    then = min(revision, newest)
    return then if graph.fingerprint(then) == fingerprint else newest


def entities_with_other_facts(graph: KnowledgeGraph, revision: int) -> set[str] | None:
    """The entities whose facts differ between a revision and now; None if no fact differs.

    The set is empty if facts differ, but the changes are too many to list.
    """
    if revision == graph.revision():
        return None
    keys = graph.changed_entities(revision)
    if keys is None:  # too many changes, or a purge
        return set()
    differing = set(graph.touching(keys)) ^ set(graph.at(revision).touching(keys))
    return {end for item in differing for end in (item.head, item.tail)} or None
