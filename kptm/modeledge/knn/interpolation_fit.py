"""Fits the weight of neighbours against a model: a temperature, and a λ per similarity bucket.

For a temperature T and a bucket b of best similarities, the log-likelihood

    Σ_q log(λ_b·near_q + (1 − λ_b)·model_q)

is concave in λ_b and is maximised exactly. T is searched on a grid. Two penalties prevent
overfitting to small samples: each bucket has a pseudo-question that the store cannot answer, with
the log-likelihood log(1 − λ_b); and λ_b is 0 unless the bucket gains more than
½·log n (Schwarz 1978). The first edge with a λ above 0 is the similarity below which the store
abstains, so this is fitted too.

Shapes: Q questions, K neighbours, B buckets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kptm.modeledge.records import Hit

    Floats = NDArray[np.float64]

MAX_BUCKETS = 8
"""The maximum number of buckets; all have about the same number of questions."""
MIN_BUCKET_QUESTIONS = 8
"""The minimum number of questions in a bucket."""
TEMPERATURES = tuple(float(value) for value in np.geomspace(0.002, 0.5, 25))
MIN_P = 1e-12
"""The lower bound of a p inside a logarithm; the p of a softmax are hardly ever below it."""
BISECTION_STEPS = 60
"""Steps of the bisection."""
EDGE_MARGIN = 1e-5
"""Edges are this much below observed similarities, whose last bits depend on the batch."""


@dataclass(frozen=True, slots=True)
class HeldOutQuestion:
    """A question whose answer is known, with the model's p and the neighbours.

    Attributes:
        answer: The correct value.
        p_model: The model's p for the correct value.
        hits: The relevant neighbours.
    """

    answer: str
    p_model: float
    hits: Sequence[Hit]


class InterpolationFit(NamedTuple):
    """The result of :func:`fit`.

    Attributes:
        temperature: T.
        edges: The lower edges of the buckets, ascending.
        weights: The λ of each bucket.
        gain: The log-likelihood minus that of the model alone and minus the buckets' penalties.
    """

    temperature: float
    edges: tuple[float, ...]
    weights: tuple[float, ...]
    gain: float


def fit(questions: Sequence[HeldOutQuestion], *, k: int) -> InterpolationFit:
    """Find T, edges and weights; if no question has neighbours, every λ is 0."""
    with_hits = [question for question in questions if question.hits]
    if not with_hits:
        return InterpolationFit(TEMPERATURES[0], (), (), 0.0)
    scores_QK, right_QK = _arrays(with_hits, k)
    model_Q = np.maximum([question.p_model for question in with_hits], MIN_P)
    best_Q = scores_QK.max(1)
    edges_B = bucket_edges(best_Q) - EDGE_MARGIN
    bucket_Q = np.searchsorted(edges_B, best_Q, side="right") - 1
    penalty = 0.5 * np.log(max(len(questions), 2))
    edges = tuple(edges_B.tolist())
    best = InterpolationFit(TEMPERATURES[0], edges, (0.0,) * len(edges), 0.0)
    for temperature in TEMPERATURES:
        near_Q = near_of(scores_QK, right_QK, temperature)
        weights_B = best_weights(near_Q, model_Q, bucket_Q, len(edges_B))
        gain_B = gains(weights_B, near_Q, model_Q, bucket_Q) - penalty
        gain = float(gain_B[gain_B > 0].sum())
        if gain > best.gain:
            weights = tuple(np.where(gain_B > 0, weights_B, 0.0).tolist())
            best = InterpolationFit(temperature, edges, weights, gain)
    return best


def bucket_edges(best_Q: Floats) -> Floats:
    """Lower edges of buckets of equal size, ascending, shape (B,); the first is the minimum."""
    count = max(1, min(MAX_BUCKETS, len(best_Q) // MIN_BUCKET_QUESTIONS))
    quantiles = np.quantile(best_Q, np.arange(count) / count, method="lower")
    edges: Floats = np.unique(quantiles)
    return edges


def near_of(scores_QK: Floats, right_QK: Floats, temperature: float) -> Floats:
    """The neighbours' p for the correct value, shape (Q,); a missing neighbour has score −∞."""
    mass_QK = np.exp((scores_QK - scores_QK.max(1, keepdims=True)) / temperature)
    near: Floats = (mass_QK * right_QK).sum(1) / mass_QK.sum(1)
    return near


def best_weights(
    near_Q: Floats, model_Q: Floats, bucket_Q: NDArray[np.int64], count: int
) -> Floats:
    """The λ of each bucket, shape (B,): the root of the derivative of its log-likelihood."""
    low_B, high_B = np.zeros(count), np.ones(count)
    for _ in range(BISECTION_STEPS):
        middle_B = (low_B + high_B) / 2
        share_Q = middle_B[bucket_Q]
        slope_Q = (near_Q - model_Q) / (share_Q * near_Q + (1 - share_Q) * model_Q)
        slope_B = np.bincount(bucket_Q, slope_Q, count) - 1 / (1 - middle_B)
        rises_B = slope_B > 0
        low_B, high_B = np.where(rises_B, middle_B, low_B), np.where(rises_B, high_B, middle_B)
    return low_B


def gains(
    weights_B: Floats, near_Q: Floats, model_Q: Floats, bucket_Q: NDArray[np.int64]
) -> Floats:
    """Gain in log-likelihood of each bucket over λ = 0, with its pseudo-question, shape (B,)."""
    share_Q = weights_B[bucket_Q]
    gain_Q = np.log(share_Q * near_Q + (1 - share_Q) * model_Q) - np.log(model_Q)
    return np.asarray(
        np.bincount(bucket_Q, gain_Q, len(weights_B)) + np.log1p(-weights_B), np.float64
    )


def _arrays(questions: Sequence[HeldOutQuestion], k: int) -> tuple[Floats, Floats]:
    """The similarities, and 1 for each neighbour with the correct value, both of shape (Q, K)."""
    width = min(k, max(len(question.hits) for question in questions))
    scores_QK = np.full((len(questions), width), -np.inf)
    right_QK = np.zeros((len(questions), width))
    for row, question in enumerate(questions):
        best = sorted(question.hits, key=lambda hit: -hit.score)[:width]
        scores_QK[row, : len(best)] = [hit.score for hit in best]
        right_QK[row, : len(best)] = [hit.value == question.answer for hit in best]
    return scores_QK, right_QK
