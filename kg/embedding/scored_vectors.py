"""Vectors of entities with the scorer of their training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from kg.embedding.files.key_index import KeyIndex
from kg.embedding.files.stamps import tensor_stamp
from kg.embedding.training.ids import facts_with_ids
from kg.errors import EmbeddingError, EmbeddingMismatchError, UnknownKeyError, shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from kg.embedding.calibration import Calibration
    from kg.embedding.config import KGEConfig
    from kg.embedding.files.vectors import Vectors
    from kg.embedding.training.scorer import Scorer
    from kg.embedding.training.state import Epoch
    from kg.view import GraphView

    Facts = Iterable[tuple[str, str, str]]

_ROWS_PER_CHUNK = 4_096
"""Rows per chunk."""


class ScoredVectors:
    """Vectors of entities, in memory or in a file, and scores of triples.

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
        self._scorer: Scorer | None = None

    def _repr_html_(self) -> str:
        from kg.formats.notebook_html import SHOWN_ROWS, html_table

        shown = [
            ("model", "vectors without a scorer" if self.config is None else self.config.model),
            ("vectors", f"{len(self):,} of width {self.table.shape[1]:,}"),
            ("relations", f"{len(self.relations):,}"),
            ("graph", self.fingerprint[:12] or "unknown"),
            ("revision", f"{self.revision:,}"),
            ("first keys", ", ".join(self.keys[:SHOWN_ROWS])),
        ]
        return html_table("embeddings", "", (), shown, "")

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
        """(epoch, MRR on held-out triples) of the epochs after which it was computed."""
        return tuple((epoch.number, epoch.mrr) for epoch in self.curve if epoch.mrr is not None)

    @property
    def table(self) -> torch.Tensor:
        """All vectors in memory, shape (len(keys), width), float32."""
        if self._table is None:
            empty = torch.empty(0, self.dim)
            self._table = torch.cat([empty, *map(torch.from_numpy, self._stored.chunks())])
        return self._table

    def row(self, key: str) -> int | None:
        """The row of an entity; None if it has no vector."""
        return self.keys.of((key,)).get(key)

    def vectors(self, keys: Sequence[str]) -> torch.Tensor:
        """The vectors of ``keys``, shape (len(keys), width), float32; no others are read.

        Raises:
            UnknownKeyError: A key has no vector.
            EmbeddingError: The file is damaged.
        """
        return self.at(self._rows(keys))

    def at(self, rows: NDArray[np.int64]) -> torch.Tensor:
        """The vectors of the given rows, shape (len(rows), width), float32; no others are read.

        Raises:
            EmbeddingError: The file is damaged.
        """
        if self._table is None:
            return torch.from_numpy(self._stored.rows(rows))
        return self._table[torch.from_numpy(rows)]

    def _rows(self, keys: Sequence[str]) -> NDArray[np.int64]:
        row_of = self.keys.of(set(keys))
        for key in keys:
            if key not in row_of:
                raise UnknownKeyError(
                    f"no vector for {shorten(key)!r}: it was not in the graph at revision"
                    f" {self.revision}; extend the embeddings, or train them again"
                )
        return np.array([row_of[key] for key in keys], np.int64)

    # ── the graph ────────────────────────────────────────────────────────────────────────────

    def check(self, graph: GraphView) -> None:
        """Refuse a graph that the embeddings were not trained on.

        A graph that has changed since the training is accepted, because its history has the
        fingerprint. Another graph with the same triples is accepted too.

        Raises:
            EmbeddingMismatchError: The graph never had these triples; the message has both
                fingerprints.
        """
        if not self.fingerprint:
            return
        newest = graph.revision()
        at_training = graph.fingerprint(min(self.revision, newest))
        if self.fingerprint not in (at_training, graph.fingerprint(newest)):
            raise EmbeddingMismatchError(
                f"the embeddings belong to the graph {self.fingerprint[:12]}… (revision"
                f" {self.revision}), and this graph was {at_training[:12]}… at that revision;"
                " train embeddings for it"
            )

    # ── scores ───────────────────────────────────────────────────────────────────────────────

    def scorer(self) -> Scorer:
        """The PyKEEN model of the vectors.

        Raises:
            EmbeddingError: The vectors have no scorer, or its file is damaged.
        """
        if self._scorer is None:
            if self._state is None or self.config is None:
                raise EmbeddingError("these vectors come without a scorer; use train_embeddings")
            from kg.embedding.training.scorer import Scorer  # imports PyKEEN

            self._scorer = Scorer(self.config, len(self.keys), len(self.relations))
            self._scorer.load_state(self._state())
        return self._scorer

    def relation_id(self, key: str) -> int:
        """The scorer's id of a relation.

        Raises:
            UnknownKeyError: The scorer has no such relation.
        """
        if key not in self._relation_id:
            raise UnknownKeyError(f"the embeddings know no relation {shorten(key)!r}")
        return self._relation_id[key]

    def ids(self, triples: Facts) -> NDArray[np.int64]:
        """Triples as the scorer's ids, shape (N, 3).

        Raises:
            UnknownKeyError: A triple names an entity or relation without a vector.
        """
        rows = list(triples)
        heads, tails = self._rows([h for h, _, _ in rows]), self._rows([t for _, _, t in rows])
        relations = np.array([self.relation_id(r) for _, r, _ in rows], np.int64)
        return np.stack([heads, relations, tails], 1)

    def known_ids(self, triples: Facts) -> NDArray[np.int64]:
        """The triples whose entities and relations all have vectors, as ids, shape (N, 3)."""
        return facts_with_ids(triples, self.keys, self._relation_id)[1]

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

    # ── storage ──────────────────────────────────────────────────────────────────────────────

    def chunks(self) -> Iterable[NDArray[np.float32]]:
        """Yield all vectors in the order of their rows, in chunks of shape (N, width)."""
        if self._table is None:
            return self._stored.chunks()
        table = self._table.numpy()
        return (table[i : i + _ROWS_PER_CHUNK] for i in range(0, len(table), _ROWS_PER_CHUNK))

    def stamp(self) -> object:
        """A stamp that changes with the vectors; see :mod:`kg.embedding.files.stamps`."""
        return self._stored.stamp() if self._table is None else tensor_stamp(self._table)

    def scorer_state(self) -> dict[str, torch.Tensor] | None:
        """The tensors of the scorer; None without a scorer."""
        return None if self._state is None else self._state()
