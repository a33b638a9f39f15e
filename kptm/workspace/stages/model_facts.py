"""The facts that a model of kind "kblam" reads, as the graph has them now."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kptm.data.fact_triples import FactTriples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.graph import KnowledgeGraph
    from kptm.fusion import FusedModel

logger = logging.getLogger(__name__)


class ModelFacts:
    """Lets a model read the facts of the graph, which are updated at each revision.

    Other models read no facts and are left as they are.

    Args:
        model: The model with the facts that it was saved with.
        graph: The graph.
    """

    def __init__(self, model: FusedModel, graph: KnowledgeGraph) -> None:
        self._model, self._graph = model, graph
        self._saved = model.facts if isinstance(model.facts, FactTriples) else None
        self._revision = -1

    def follow(self) -> None:
        """Read the facts of the graph, if it has changed since the last time."""
        if self._saved is None or self._revision == self._graph.revision():
            return
        self._revision = self._graph.revision()
        known = set(self._saved.relations)
        every = FactTriples.of(self._graph)
        facts = [
            fact for fact in every.among(self._model.embeddings).triples if fact.relation in known
        ]
        self._model.read(FactTriples(facts, self._saved.relations))
        left = len(every) - len(facts)
        if left:
            logger.warning(
                "the model does not read %s of %s facts, because an entity has no vector or it was"
                " not trained on the relation; run kptm embed and kptm pretrain",
                f"{left:,}",
                f"{len(every):,}",
            )

    @contextmanager
    def as_saved(self) -> Iterator[None]:
        """Let the model read the facts that it was saved with, with which modeledge is written."""
        if self._saved is None:
            yield
            return
        now = self._model.facts
        self._model.read(self._saved)
        try:
            yield
        finally:
            if isinstance(now, FactTriples):
                self._model.read(now)
