"""EntityEmbeddings: one row an entity, found by key, tied to the graph it was trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

import numpy as np
import torch

from kg.embedding import prediction, ranking
from kg.embedding.files import folder
from kg.embedding.files.key_index import KeyIndex
from kg.embedding.files.stamps import tensor_stamp
from kg.embedding.training.ids import known_facts
from kg.errors import EmbeddingError, EmbeddingMismatchError, UnknownKeyError, shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from kg.embedding.calibration import Calibration
    from kg.embedding.config import KGEConfig
    from kg.embedding.files.vectors import Vectors
    from kg.embedding.prediction import Prediction
    from kg.embedding.ranking import RankReport
    from kg.embedding.training.extension import Staleness
    from kg.embedding.training.scorer import Scorer
    from kg.embedding.training.state import Epoch
    from kg.graph import KnowledgeGraph
    from kg.types import Triple
    from kg.view import GraphView

    Facts = Iterable[tuple[str, str, str]]

_CHUNK = 4_096
"""Rows that are handed on at a time."""


class EntityEmbeddings:
    """Vectors of entities, with the scorer that made them.

    Args:
        keys: Of the entities, in the order of the rows.
        table: The vectors, shape (len(keys), width), or a file of them.
        relations: Relation keys, in the order of the scorer's ids.
        fingerprint: That of the graph at the time of training; "" for vectors of one's own.
        revision: The graph's revision then.
        config: How they were trained, None for vectors of one's own.
        state: Gives the tensors of the scorer; None where there is none.
        curve: The epochs of the training.
        calibration: What turns scores into probabilities.

    Raises:
        EmbeddingError: Keys and table do not fit.
    """

    def __init__(
        self,
        keys: Sequence[str],
        table: torch.Tensor | Vectors,
        *,
        relations: Sequence[str] = (),
        fingerprint: str = "",
        revision: int = 0,
        config: KGEConfig | None = None,
        state: Callable[[], dict[str, torch.Tensor]] | None = None,
        curve: Sequence[Epoch] = (),
        calibration: Calibration | None = None,
    ) -> None:
        if len(table.shape) != 2 or table.shape[0] != len(keys):
            raise EmbeddingError(
                f"{len(keys)} keys need a table of {len(keys)} rows, not {tuple(table.shape)}"
            )
        self.keys = keys if isinstance(keys, KeyIndex) else KeyIndex(keys)
        self.relations = tuple(relations)
        self.fingerprint = fingerprint
        self.revision = revision
        self.config = config
        self.curve = tuple(curve)
        self.calibration = calibration
        self.dim = int(table.shape[1])
        if isinstance(table, torch.Tensor):
            self._table: torch.Tensor | None = table.detach().float().contiguous()
        else:
            self._table, self._stored = None, table
        self._state = state
        self._relation_id = {key: number for number, key in enumerate(self.relations)}
        self._engine: Scorer | None = None

    def __len__(self) -> int:
        return len(self.keys)

    def __contains__(self, key: object) -> bool:
        return key in self.keys

    @property
    def losses(self) -> tuple[float, ...]:
        """The loss of each epoch."""
        return tuple(epoch.loss for epoch in self.curve)

    @property
    def mrr(self) -> tuple[tuple[int, float], ...]:
        """(epoch, MRR of what was held out) of the epochs after which it was ranked."""
        return tuple((epoch.number, epoch.mrr) for epoch in self.curve if epoch.mrr is not None)

    @property
    def table(self) -> torch.Tensor:
        """All vectors in memory, shape (len(keys), width), float32."""
        if self._table is None:
            empty = torch.empty(0, self.dim)
            self._table = torch.cat([empty, *map(torch.from_numpy, self._stored.chunks())])
        return self._table

    def row(self, key: str) -> int | None:
        """The row of an entity, or None when it has no vector."""
        return self.keys.of((key,)).get(key)

    def vectors(self, keys: Sequence[str]) -> torch.Tensor:
        """The vectors of ``keys``, shape (len(keys), width), float32; no others are read.

        Raises:
            UnknownKeyError: One of them has no vector.
            EmbeddingError: The file is damaged there.
        """
        return self.at(self._rows(keys))

    def at(self, rows: NDArray[np.int64]) -> torch.Tensor:
        """The vectors of some rows, shape (len(rows), width), float32; no others are read.

        Raises:
            EmbeddingError: The file is damaged there.
        """
        if self._table is None:
            return torch.from_numpy(self._stored.rows(rows))
        return self._table[torch.from_numpy(rows)]

    def _rows(self, keys: Sequence[str]) -> NDArray[np.int64]:
        found = self.keys.of(set(keys))
        for key in keys:
            if key not in found:
                raise UnknownKeyError(
                    f"no vector for {shorten(key)!r}: it was not in the graph at revision"
                    f" {self.revision}; extend the embeddings, or train them again"
                )
        return np.array([found[key] for key in keys], np.int64)

    def permuted(self, seed: int) -> EntityEmbeddings:
        """The same vectors given to the wrong entities: the control arm that decides."""
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(self), generator=generator)
        # One ring through all rows: a plain shuffle would leave about one entity its own vector.
        table = torch.empty_like(self.table)
        table[order] = self.table[order.roll(1)]
        return EntityEmbeddings(
            self.keys, table, fingerprint=self.fingerprint, revision=self.revision
        )

    # ── belonging to a graph ─────────────────────────────────────────────────────────────────

    def check(self, graph: KnowledgeGraph) -> None:
        """Refuse a graph these embeddings were not trained on.

        An older revision of the same graph is accepted: its past still has the fingerprint. So
        is another graph that holds the same triples.

        Raises:
            EmbeddingMismatchError: The graph never had these triples; both fingerprints are named.
        """
        if not self.fingerprint:
            return
        newest = graph.revision()
        found = graph.fingerprint(min(self.revision, newest))
        if self.fingerprint not in (found, graph.fingerprint(newest)):
            raise EmbeddingMismatchError(
                f"the embeddings belong to the graph {self.fingerprint[:12]}… (revision"
                f" {self.revision}), this one was {found[:12]}… then; train embeddings for it"
            )

    def staleness(self, graph: KnowledgeGraph) -> Staleness:
        """How far the graph has moved on since the training."""
        from kg.embedding.training.extension import staleness

        return staleness(self, graph)

    def extend(self, graph: KnowledgeGraph) -> EntityEmbeddings:
        """Embeddings with rows for what the graph has since got, the old ones as they are, in seconds.

        Raises:
            EmbeddingMismatchError: They are another graph's.
            EmbeddingError: They have no scorer.
        """
        from kg.embedding.training.extension import extended

        self.check(graph)
        return extended(self, graph)

    # ── link prediction ──────────────────────────────────────────────────────────────────────

    def scorer(self) -> Scorer:
        """The PyKEEN model behind the vectors.

        Raises:
            EmbeddingError: They come without one, or its file is damaged.
        """
        if self._engine is None:
            if self._state is None or self.config is None:
                raise EmbeddingError("these vectors come without a scorer; use train_embeddings")
            from kg.embedding.training.scorer import Scorer  # pykeen is loaded only to score

            self._engine = Scorer(self.config, len(self.keys), len(self.relations))
            self._engine.load_state(self._state())
        return self._engine

    def relation_id(self, key: str) -> int:
        """The scorer's id of a relation.

        Raises:
            UnknownKeyError: It knows none of that name.
        """
        if key not in self._relation_id:
            raise UnknownKeyError(f"the embeddings know no relation {shorten(key)!r}")
        return self._relation_id[key]

    def ids(self, triples: Facts) -> NDArray[np.int64]:
        """Triples as the scorer's ids, shape (N, 3).

        Raises:
            UnknownKeyError: One names something without a vector.
        """
        rows = list(triples)
        heads, tails = self._rows([h for h, _, _ in rows]), self._rows([t for _, _, t in rows])
        relations = np.array([self.relation_id(r) for _, r, _ in rows], np.int64)
        return np.stack([heads, relations, tails], 1)

    def known_ids(self, triples: Facts) -> NDArray[np.int64]:
        """Those of the triples that name nothing without a vector, as ids, shape (N, 3)."""
        return known_facts(triples, self.keys, self._relation_id)[1]

    def scores(
        self, *, head: str | None = None, relation: str, tail: str | None = None
    ) -> torch.Tensor:
        """Scores of every entity for the missing end, shape (entities,).

        Raises:
            EmbeddingError: Not exactly one of head and tail was given.
            UnknownKeyError: An entity or relation has no vector.
        """
        number = self.relation_id(relation)
        if (head is None) == (tail is None):
            raise EmbeddingError("give either head or tail: the other one is predicted")
        row = int(self._rows([head if head is not None else str(tail)])[0])
        if head is not None:
            return self.scorer().tail_scores(torch.tensor([[row, number]]))[0]
        return self.scorer().head_scores(torch.tensor([[number, row]]))[0]

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
        """The ``k`` best entities for the missing end; without either end, the ``k`` best new facts.

        Args:
            head: The end that is given, this or ``tail``.
            relation: The relation.
            tail: The end that is given.
            k: How many.
            known: Facts, or the graph that has them, which are left out.
            mark: Leave them in, with ``.known`` set.

        Returns:
            For one end, predictions that unpack as (entity, score), best first. For none, (triple,
            p of its tail among all), of entities that the relation is known to have.

        Raises:
            EmbeddingError: Both ends were given, or neither and no known facts.
            UnknownKeyError: An entity or relation has no vector.
        """
        if head is None and tail is None:
            if known is None:
                raise EmbeddingError(
                    "give either head or tail: the other one is predicted; or known=graph for new facts"
                )
            return prediction.new_facts(self, relation, k, known)
        asked = head, relation, tail
        return prediction.best(self, asked, k, known, mark=mark)

    def nearest(self, key: str, *, k: int = 10) -> list[Prediction]:
        """The ``k`` entities with the most similar vectors, by cosine, best first.

        Raises:
            UnknownKeyError: The entity has no vector.
        """
        return prediction.nearest(self, key, k)

    def calibrate(
        self, true: Facts, false: Facts | None = None, *, known: Facts = (), seed: int = 0
    ) -> Calibration:
        """Learn to turn scores into probabilities, from facts that were not trained on; kept by ``save``.

        Args:
            true: True facts.
            false: False ones; by default one a true one, its tail or head replaced by another that
                its relation has.
            known: Other true facts, which no false one may be.
            seed: Of what replaces them.

        Raises:
            EmbeddingError: There is none of either.
            UnknownKeyError: One names something without a vector.
        """
        from kg.embedding.calibration import fit

        self.calibration = fit(self, true, false, known, seed)
        return self.calibration

    def probability(self, triples: Facts) -> NDArray[np.float64]:
        """How likely each triple is true, shape (N,), among true and false ones as those of the calibration.

        Raises:
            EmbeddingError: The embeddings are not calibrated.
            UnknownKeyError: A triple names something without a vector.
        """
        if self.calibration is None:
            raise EmbeddingError(
                "the scores are not calibrated; call calibrate(facts that were not trained on)"
            )
        return self.calibration.probability(self, triples)

    def evaluate(self, triples: Facts, *, known: Facts = ()) -> RankReport:
        """Filtered ranks of ``triples`` on both sides; ``known`` triples are left out of the way.

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
        """Write a folder; it appears whole or not at all, and replaces embeddings that are there already.

        Args:
            path: The folder.
            precision: Of the vectors, "float32" or "float16"; the scorer keeps its own.

        Raises:
            EmbeddingError: The folder cannot be written, or holds something else.
        """
        folder.save(self, path, precision)

    @classmethod
    def load(cls, path: str | Path) -> EntityEmbeddings:
        """Open what :meth:`save` wrote; vectors are read when they are asked for.

        Raises:
            EmbeddingError: The folder is missing, damaged, or written by a newer version.
        """
        return folder.load(cls, path)

    def chunks(self) -> Iterable[NDArray[np.float32]]:
        """All vectors in the order of their rows, some thousands at a time."""
        if self._table is None:
            return self._stored.chunks()
        table = self._table.numpy()
        return (table[at : at + _CHUNK] for at in range(0, len(table), _CHUNK))

    def stamp(self) -> object:
        """Changes when the vectors do; see :mod:`kg.embedding.files.stamps`."""
        return self._stored.stamp() if self._table is None else tensor_stamp(self._table)

    def scorer_state(self) -> dict[str, torch.Tensor] | None:
        """The tensors of the scorer, None where there is none."""
        return None if self._state is None else self._state()
