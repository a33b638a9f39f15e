"""From scores to probabilities: logistic regression over a triple's scores, with an offset for each relation.

Platt's scaling (1999) with the scores of both directions and their log softmax; the offsets are
what thresholds by relation are elsewhere (Socher et al. 2013, section 4.3), drawn to their mean
where a relation was seen seldom.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from kg.embedding.best_answers import BestAnswer
from kg.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from kg.embedding.embeddings import EntityEmbeddings
    from kg.embedding.training.scorer import Scorer

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Facts = Iterable[tuple[str, str, str]]

PRECISION, PRECISION_OF_RELATION = 0.1, 1.0
"""Of the normal priors of the coefficients and of the offsets: Σ w²/2 times this is what is lost."""
ROWS = 256
TRIES = 20
"""Replacements that are drawn for one true fact until one is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """p(true) = σ(w · (features − mean) / scale + offset of the relation).

    Attributes:
        weights: Of the features of :func:`features`.
        mean: Theirs.
        scale: Their standard deviation.
        offset: Of a relation that was not seen.
        offsets: Of those that were, added to it.
        accuracy: The share of the facts it was learnt from that it tells right.
        count: How many they were.
        best: The likeliest answer to each held-out fact's question: p, and whether it was right.
    """

    weights: tuple[float, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    offset: float
    offsets: dict[str, float]
    accuracy: float
    count: int
    best: tuple[BestAnswer, ...] = ()

    def probability(self, embeddings: EntityEmbeddings, triples: Facts) -> Floats:
        """How likely each triple is true, shape (N,)."""
        ids = embeddings.ids(triples)
        if not len(ids):
            return np.empty(0)
        by_id = np.array([self.offsets.get(name, 0.0) for name in embeddings.relations])
        standard = (features(embeddings.scorer(), ids) - self.mean) / self.scale
        score = standard @ np.array(self.weights) + self.offset + by_id[ids[:, 1]]
        return np.asarray(1 / (1 + np.exp(-score)), np.float64)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Calibration:
        """What :meth:`to_dict` gave."""
        lists = {name: tuple(value[name]) for name in ("weights", "mean", "scale")}
        best = tuple(BestAnswer(float(p), bool(right)) for p, right in value.get("best", ()))
        return cls(**{**value, **lists, "best": best})


def features(engine: Scorer, ids: Ints) -> Floats:
    """Score and log softmax of the tail and of the head of each triple, shape (N, 4)."""
    found = np.empty((len(ids), 4))
    for start in range(0, len(ids), ROWS):
        part = torch.from_numpy(ids[start : start + ROWS])
        for side, scores, own in (
            (0, engine.tail_scores(part[:, :2]), part[:, 2:]),
            (2, engine.head_scores(part[:, 1:]), part[:, :1]),
        ):
            score = scores.gather(1, own)
            both = torch.cat([score, score - torch.logsumexp(scores, 1, keepdim=True)], 1)
            found[start : start + ROWS, side : side + 2] = both.numpy()
    return found


def fit(
    embeddings: EntityEmbeddings, true: Facts, false: Facts | None, known: Facts, seed: int
) -> Calibration:
    """Learn the coefficients by maximum likelihood."""
    from scipy.optimize import minimize

    right = embeddings.ids(true)
    wrong = (
        _replaced(right, embeddings.known_ids(known), len(embeddings), seed)
        if false is None
        else embeddings.ids(false)
    )
    if not len(right) or not len(wrong):
        raise EmbeddingError("calibration needs true facts and false ones")
    ids = np.concatenate([right, wrong])
    answer = np.concatenate([np.ones(len(right)), np.zeros(len(wrong))])
    raw = features(embeddings.scorer(), ids)
    mean, scale = raw.mean(0), raw.std(0)
    scale[scale == 0] = 1.0
    seen, relation = np.unique(ids[:, 1], return_inverse=True)
    matrix = np.column_stack([(raw - mean) / scale, np.ones(len(ids))])
    size = matrix.shape[1]
    penalty = np.concatenate(
        [np.full(size - 1, PRECISION), [0.0], np.full(len(seen), PRECISION_OF_RELATION)]
    )

    def loss(weights: Floats) -> tuple[float, Floats]:
        score = matrix @ weights[:size] + weights[size:][relation]
        residual = 1 / (1 + np.exp(-score)) - answer
        gradient = np.concatenate([matrix.T @ residual, np.bincount(relation, residual, len(seen))])
        lost = (np.logaddexp(0, score) - answer * score).sum() + (penalty * weights**2).sum() / 2
        return float(lost), gradient + penalty * weights

    start = np.zeros(size + len(seen))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 1_000}).x
    told = matrix @ found[:size] + found[size:][relation] > 0
    return Calibration(
        weights=tuple(found[: size - 1].tolist()),
        mean=tuple(mean.tolist()),
        scale=tuple(scale.tolist()),
        offset=float(found[size - 1]),
        offsets={
            embeddings.relations[number]: value
            for number, value in zip(seen.tolist(), found[size:].tolist(), strict=True)
        },
        accuracy=float((told == (answer > 0)).mean()),
        count=len(ids),
    )


def _replaced(true: Ints, known: Ints, entities: int, seed: int) -> Ints:
    """Each true triple with its head or tail replaced by one that its relation has elsewhere, where there is one."""
    random = np.random.default_rng(seed)
    every = np.unique(np.concatenate([true, known]), axis=0)
    taken = set(map(tuple, every.tolist()))
    false = []
    for row in true.tolist():
        for attempt in range(TRIES):
            side = 0 if random.random() < 0.5 else 2
            likely = every[every[:, 1] == row[1], side]
            other = list(row)
            other[side] = int(
                random.choice(likely) if attempt < TRIES // 2 else random.integers(entities)
            )
            if tuple(other) not in taken:
                false.append(other)
                break
    return np.array(false, np.int64).reshape(-1, 3)
