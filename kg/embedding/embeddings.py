"""EntityEmbeddings: one vector per entity key, tied to the graph of the training."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

import torch

from kg.embedding import prediction, ranking
from kg.embedding.files import folder
from kg.embedding.scored_vectors import ScoredVectors
from kg.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from kg.embedding.calibration import Calibration
    from kg.embedding.prediction import Prediction
    from kg.embedding.ranking import RankReport
    from kg.embedding.training.extension import Staleness
    from kg.graph import KnowledgeGraph
    from kg.types import Triple
    from kg.view import GraphView

    Facts = Iterable[tuple[str, str, str]]


class EntityEmbeddings(ScoredVectors):
    """Vectors of entities, with the scorer that they were trained with.

    Args:
        keys: The keys of the entities, in the order of the rows.
        table: The vectors, shape (len(keys), width), or a file of them.
        relations: Relation keys, in the order of the scorer's ids.
        fingerprint: The fingerprint of the graph at the training; "" for custom vectors.
        revision: The revision of the graph at the training.
        config: The settings of the training; None for custom vectors.
        state: Returns the tensors of the scorer; None without a scorer.
        curve: The epochs of the training.
        calibration: Turns scores into probabilities.

    Raises:
        EmbeddingError: Keys and table differ in length.
    """

    def permuted(self, seed: int) -> EntityEmbeddings:
        """The same vectors assigned to wrong entities: the decisive control arm."""
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(self), generator=generator)
        # A cyclic permutation: a plain shuffle would leave about one entity its own vector.
        table = torch.empty_like(self.table)
        table[order] = self.table[order.roll(1)]
        return EntityEmbeddings(
            self.keys, table, fingerprint=self.fingerprint, revision=self.revision
        )

    # ── the graph of the training ────────────────────────────────────────────────────────────

    def staleness(self, graph: KnowledgeGraph) -> Staleness:
        """How far the graph has changed since the training."""
        from kg.embedding.training.extension import staleness

        return staleness(self, graph)

    def extend(self, graph: KnowledgeGraph) -> EntityEmbeddings:
        """Add rows for new entities and relations, within seconds, without changing other rows.

        Raises:
            EmbeddingMismatchError: The embeddings were trained on another graph.
            EmbeddingError: The embeddings have no scorer.
        """
        from kg.embedding.training.extension import extend

        self.check(graph)
        return extend(self, graph)

    # ── link prediction ──────────────────────────────────────────────────────────────────────

    @overload
    def predict(
        self, *, head: str, relation: str, k: int = 10,
        known: Facts | GraphView | None = None, mark: bool = False,
    ) -> list[Prediction]: ...  # fmt: skip
    @overload
    def predict(
        self, *, relation: str, tail: str, k: int = 10,
        known: Facts | GraphView | None = None, mark: bool = False,
    ) -> list[Prediction]: ...  # fmt: skip
    @overload
    def predict(
        self, *, relation: str, k: int = 10, known: Facts | GraphView,
    ) -> list[tuple[Triple, float]]: ...  # fmt: skip
    def predict(
        self,
        *,
        head: str | None = None,
        relation: str,
        tail: str | None = None,
        k: int = 10,
        known: Facts | GraphView | None = None,
        mark: bool = False,
    ) -> list[Prediction] | list[tuple[Triple, float]]:
        """The ``k`` best entities for the missing end; without either end, the best new facts.

        Args:
            head: The given head; give this or ``tail``.
            relation: The relation.
            tail: The given tail.
            k: The number of predictions.
            known: Facts, or a graph, whose answers are left out.
            mark: Whether to keep known answers, with ``.known`` set.

        Returns:
            For one end, predictions that unpack as (entity, score), best first. Without an end,
            pairs (triple, p of its tail), between known heads and tails of the relation.

        Raises:
            EmbeddingError: Both ends were given, or neither and no known facts.
            UnknownKeyError: An entity or relation has no vector.
        """
        if head is None and tail is None:
            if known is None:
                raise EmbeddingError(
                    "give either head or tail: the other one is predicted;"
                    " or known=graph for new facts"
                )
            return prediction.new_facts(self, relation, k, known)
        question = head, relation, tail
        return prediction.best(self, question, k, known, mark=mark)

    def nearest(self, key: str, *, k: int = 10) -> list[Prediction]:
        """The ``k`` entities with the most similar vectors, by cosine, best first.

        Raises:
            UnknownKeyError: The entity has no vector.
        """
        return prediction.nearest(self, key, k)

    def calibrate(
        self, true: Facts, false: Facts | None = None, *, known: Facts = (), seed: int = 0
    ) -> Calibration:
        """Fit the calibration of scores on held-out facts; :meth:`save` stores it.

        Args:
            true: True facts.
            false: False facts; by default each true fact with its head or tail replaced by another
                one of its relation.
            known: Other true facts, which are never used as false ones.
            seed: The seed of the replacements.

        Raises:
            EmbeddingError: There are no true or no false facts.
            UnknownKeyError: A fact names an entity or relation without a vector.
        """
        from kg.embedding.calibration_fit import fit

        self.calibration = fit(self, true, false, known, seed)
        return self.calibration

    def probability(self, triples: Facts) -> NDArray[np.float64]:
        """The probability that each triple is true, shape (N,).

        It assumes true and false triples in the proportion of the calibration.

        Raises:
            EmbeddingError: The embeddings are not calibrated.
            UnknownKeyError: A triple names something without a vector.
        """
        if self.calibration is None:
            raise EmbeddingError(
                "the scores are not calibrated; call calibrate(facts that were not trained on)"
            )
        ids = self.ids(triples)
        return self.calibration.probability(self.scorer(), ids, self.relations)

    def evaluate(self, triples: Facts, *, known: Facts = ()) -> RankReport:
        """Filtered ranks of ``triples`` on both sides; answers of ``known`` triples do not count.

        Raises:
            EmbeddingError: There is no triple to rank.
            UnknownKeyError: A triple to rank names something without a vector.
        """
        wanted, others = self.ids(triples), self.known_ids(known)
        if not len(wanted):
            raise EmbeddingError("there is no triple to evaluate")
        ranks = ranking.rank_triples(self.scorer(), wanted, others)
        return ranking.report(ranks, wanted, others, self.relations)

    # ── disk ─────────────────────────────────────────────────────────────────────────────────

    def save(self, path: str | Path, *, precision: str = "float32") -> None:
        """Write a folder atomically, in place of older embeddings.

        Args:
            path: The folder.
            precision: The precision of the vectors, "float32" or "float16"; the scorer keeps its
                own.

        Raises:
            EmbeddingError: The folder cannot be written, or contains other files.
        """
        folder.save(self, path, precision)

    @classmethod
    def load(cls, path: str | Path) -> EntityEmbeddings:
        """Open what :meth:`save` wrote; vectors are read on demand.

        Raises:
            EmbeddingError: The folder is missing, damaged, or written by a newer version.
        """
        return folder.load(cls, path)
