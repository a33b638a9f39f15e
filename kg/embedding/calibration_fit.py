"""Fits a calibration of scores: logistic regression by maximum likelihood with normal priors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kg.embedding.calibration import Calibration, features
from kg.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from kg.embedding.scored_vectors import ScoredVectors

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Facts = Iterable[tuple[str, str, str]]

COEFFICIENT_PRECISION, RELATION_PRECISION = 0.1, 1.0
"""Precisions of the normal priors of the coefficients, and of the offsets of relations.

Each adds its precision times Σ w²/2 to the loss.
"""
MAX_CORRUPTION_TRIES = 20
"""The maximum number of attempts to corrupt a true fact into one that is not known."""


def fit(
    embeddings: ScoredVectors, true: Facts, false: Facts | None, known: Facts, seed: int
) -> Calibration:
    """Fit the calibration; see :meth:`kg.EntityEmbeddings.calibrate` for the arguments."""
    from scipy.optimize import minimize

    true_ids = embeddings.ids(true)
    false_ids = (
        _corrupt(true_ids, embeddings.known_ids(known), len(embeddings), seed)
        if false is None
        else embeddings.ids(false)
    )
    if not len(true_ids) or not len(false_ids):
        raise EmbeddingError("calibration needs true facts and false ones")
    ids = np.concatenate([true_ids, false_ids])
    answer = np.concatenate([np.ones(len(true_ids)), np.zeros(len(false_ids))])
    raw = features(embeddings.scorer(), ids)
    mean, scale = raw.mean(0), raw.std(0)
    scale[scale == 0] = 1.0
    seen, relation = np.unique(ids[:, 1], return_inverse=True)
    # The last column is the common offset, which has no prior.
    matrix = np.column_stack([(raw - mean) / scale, np.ones(len(ids))])
    size = matrix.shape[1]
    penalty = np.concatenate(
        [np.full(size - 1, COEFFICIENT_PRECISION), [0.0], np.full(len(seen), RELATION_PRECISION)]
    )

    def loss(weights: Floats) -> tuple[float, Floats]:
        score = matrix @ weights[:size] + weights[size:][relation]
        residual = 1 / (1 + np.exp(-score)) - answer
        gradient = np.concatenate([matrix.T @ residual, np.bincount(relation, residual, len(seen))])
        value = (np.logaddexp(0, score) - answer * score).sum() + (penalty * weights**2).sum() / 2
        return float(value), gradient + penalty * weights

    start = np.zeros(size + len(seen))
    fitted = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 1_000}).x
    predicted = matrix @ fitted[:size] + fitted[size:][relation] > 0
    return Calibration(
        weights=tuple(fitted[: size - 1].tolist()),
        mean=tuple(mean.tolist()),
        scale=tuple(scale.tolist()),
        offset=float(fitted[size - 1]),
        offsets={
            embeddings.relations[number]: value
            for number, value in zip(seen.tolist(), fitted[size:].tolist(), strict=True)
        },
        accuracy=float((predicted == (answer > 0)).mean()),
        count=len(ids),
    )


def _corrupt(true: Ints, known: Ints, entities: int, seed: int) -> Ints:
    """Make a false triple of each true one, with another head or tail.

    The first half of the attempts draws from the entities at this end of the relation's facts, the
    other half from all entities. If every attempt gives a known fact, there is none.
    """
    random = np.random.default_rng(seed)
    all_true = np.unique(np.concatenate([true, known]), axis=0)
    true_set = set(map(tuple, all_true.tolist()))
    false = []
    for row in true.tolist():
        for attempt in range(MAX_CORRUPTION_TRIES):
            side = 0 if random.random() < 0.5 else 2
            of_relation = all_true[all_true[:, 1] == row[1], side]
            other = list(row)
            other[side] = int(
                random.choice(of_relation)
                if attempt < MAX_CORRUPTION_TRIES // 2
                else random.integers(entities)
            )
            if tuple(other) not in true_set:
                false.append(other)
                break
    return np.array(false, np.int64).reshape(-1, 3)
