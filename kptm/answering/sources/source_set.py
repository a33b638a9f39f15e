"""Asks all sources about a batch of questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kptm.answering.sources.source import LINKS, MODEL, STORE, TEXTS, from_modeledge
from kptm.answering.sources.text_source import from_texts
from kptm.modeledge.knn.relevant_hits import OVERFETCH, relevant
from kptm.modeledge.sql.spaces import spaces_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from kg.embedding import EntityEmbeddings
    from kptm.answering.sources.blank_words import Words
    from kptm.answering.sources.module_choice import ModuleChoice
    from kptm.answering.sources.source import SourceQuery, SourceScores
    from kptm.answering.sources.text_source import TextSource
    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText
    from kptm.modeledge import Hit, Interpolation, Modeledge, Record


class SourceSet:
    """The available sources among link prediction, model, texts and modeledge.

    Args:
        embeddings: The embeddings for link prediction, or None.
        model: The fused model, or None.
        store: The modeledge store of the same model, or None; without the model it is not asked.
        texts: The source of answers from texts, or None.
        modules: The choice of the model's modules for each question, or None.
    """

    def __init__(
        self,
        embeddings: EntityEmbeddings | None,
        model: FusedModel | None,
        store: Modeledge | None,
        texts: TextSource | None = None,
        modules: ModuleChoice | None = None,
    ) -> None:
        self.modules = modules
        self.texts = texts
        self.embeddings = embeddings
        self.model = model
        self.store = store if model is not None else None
        self.space = spaces_of(model)["cloze"] if model is not None else ""

    def there(self, chosen: Collection[str]) -> frozenset[str]:
        """The chosen sources that are available."""
        parts = {
            LINKS: self.embeddings,
            MODEL: self.model,
            STORE: self.store,
            TEXTS: self.texts,
        }
        return frozenset(kind for kind, part in parts.items() if part is not None) & set(chosen)

    def ask_sources(
        self, queries: Sequence[SourceQuery], chosen: Collection[str], k: int
    ) -> list[tuple[list[SourceScores], list[Hit]]]:
        """Ask the sources about each question.

        Args:
            queries: The questions.
            chosen: The sources to ask.
            k: The number of neighbours in modeledge.

        Returns:
            For each question: the scores of link prediction, model and texts, as far as they have
            any, and its nearest neighbours in modeledge.
        """
        available = self.there(chosen)
        results: list[tuple[list[SourceScores], list[Hit]]] = [([], []) for _ in queries]
        for query, (opinions, _) in zip(queries, results, strict=True):
            opinion = from_texts(query)
            opinions += [] if opinion is None else [opinion]
        if not available - {TEXTS}:
            return results
        # This module imports torch, so it is imported only if a source needs it.
        from kptm.answering.sources.scoring import from_embeddings, from_model, from_modules

        if LINKS in available and self.embeddings is not None:
            for query, (opinions, _) in zip(queries, results, strict=True):
                opinion = from_embeddings(self.embeddings, query)
                opinions += [] if opinion is None else [opinion]
        if self.model is None or not available & {MODEL, STORE}:
            return results
        chosen_modules = self.modules
        read = (
            from_model(self.model, queries)
            if chosen_modules is None
            else from_modules(chosen_modules, queries)
        )
        if MODEL in available:
            for (opinion, _), (opinions, _) in zip(read, results, strict=True):
                opinions += [] if opinion is None else [opinion]
        if STORE in available:
            near = self._neighbours(queries, [keys for _, keys in read], k)
            for hits, (_, place) in zip(near, results, strict=True):
                place += hits
        return results

    def opinions(
        self, queries: Sequence[SourceQuery], chosen: Collection[str], weights: Interpolation
    ) -> list[list[SourceScores]]:
        """For each question, the scores of all sources that have any, including modeledge."""
        scores = []
        for query, (opinions, hits) in zip(
            queries, self.ask_sources(queries, chosen, weights.k), strict=True
        ):
            near = from_modeledge(hits, query, weights)
            scores.append([*opinions, *([] if near is None else [near])])
        return scores

    def words(self, document: LinkedText) -> Words | None:
        """The model's most likely words at a text's blanks; None without a model."""
        if self.model is None:
            return None
        from kptm.answering.sources.blank_words import predict_words

        return predict_words(self.model, document)

    def _neighbours(
        self, queries: Sequence[SourceQuery], keys: Sequence[NDArray[np.float32]], k: int
    ) -> list[list[Hit]]:
        """For each question, the ``k`` nearest rows that contain its entity and a candidate."""
        if self.store is None or not any(map(len, keys)):
            return [[] for _ in queries]
        hits_of_key = iter(
            self.store.search(np.concatenate(keys), k=k * OVERFETCH, space=self.space)
        )
        near = []
        for query, own in zip(queries, keys, strict=True):
            best: dict[Record, Hit] = {}
            for hits in (next(hits_of_key) for _ in own):
                for hit in hits:
                    known = best.get(hit.record)
                    if known is None or hit.score > known.score:
                        best[hit.record] = hit
            nearest = sorted(best.values(), key=lambda hit: -hit.score)
            near.append(relevant(nearest, query.reading.entity, _Others(query), k))
        return near


class _Others:
    """A set-like view of the candidates of a question, without the question's entity."""

    def __init__(self, query: SourceQuery) -> None:
        self._asked = query

    def __contains__(self, key: object) -> bool:
        return key in self._asked.side.place and key != self._asked.reading.entity
