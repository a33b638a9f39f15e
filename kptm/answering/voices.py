"""Whoever can be asked where the graph is silent, held together: what each says of one reading of a question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.answering.sources import Opinion, from_embeddings, from_model
from kptm.modeledge.neighbours import WIDER, about
from kptm.modeledge.spaces import spaces_of
from kptm.modeledge.writing import fact_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.embedding import EntityEmbeddings
    from kptm.answering.questions import Reading
    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText
    from kptm.modeledge import Hit, Modeledge, Record


class Voices:
    """Link prediction, the model and modeledge, as far as they are there.

    Args:
        embeddings: For link prediction.
        model: The fused model.
        store: Modeledge of the same model; without a model it cannot be asked.
    """

    def __init__(
        self,
        embeddings: EntityEmbeddings | None,
        model: FusedModel | None,
        store: Modeledge | None,
    ) -> None:
        self._embeddings = embeddings
        self._model = model
        self._store = store
        self.space = spaces_of(model)["cloze"] if model is not None else ""

    def opinions(
        self, reading: Reading, asked: Sequence[LinkedText], among: Sequence[str]
    ) -> list[Opinion]:
        """What link prediction and the model say; those that have nothing to say are left out.

        Args:
            reading: Entity, relation and direction.
            asked: The reading as clozes.
            among: The candidates.
        """
        found: list[Opinion | None] = []
        if self._embeddings is not None:
            found.append(
                from_embeddings(
                    self._embeddings, reading.entity, reading.relation, reading.forward, among
                )
            )
        if self._model is not None:
            found.append(from_model(self._model, asked, among))
        return [opinion for opinion in found if opinion is not None]

    def neighbours(
        self, reading: Reading, asked: Sequence[LinkedText], among: Sequence[str], k: int
    ) -> list[Hit]:
        """The ``k`` nearest rows that name the reading's entity and hold a candidate, each at its best similarity to a cloze."""
        if self._model is None or self._store is None:
            return []
        best: dict[Record, Hit] = {}
        keys = fact_keys(self._model, asked)
        for hits in self._store.search(keys, k=k * WIDER, space=self.space):
            for hit in hits:
                known = best.get(hit.record)
                if known is None or hit.score > known.score:
                    best[hit.record] = hit
        nearest = sorted(best.values(), key=lambda hit: -hit.score)
        return about(nearest, reading.entity, set(among), k)
