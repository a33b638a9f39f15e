"""Turns scores into probabilities: logistic regression with an offset for each relation.

Platt scaling (1999) over the scores of both directions and their log softmax. The offsets play the
role of thresholds per relation (Socher et al. 2013, section 4.3). A prior shrinks the offsets of
rare relations to the common offset.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kg.embedding.training.scorer import Scorer

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

TRIPLES_PER_BATCH = 256
"""Triples that are scored together."""


class BestAnswer(NamedTuple):
    """The p of the best candidate for a missing end, and whether it is a held-out answer."""

    p: float
    right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """p(true) = σ(w · (features − mean) / scale + offset of the relation).

    Attributes:
        weights: The weights of the features of :func:`features`.
        mean: The means of the features.
        scale: The standard deviations of the features.
        offset: The offset of a relation without facts in the fit.
        offsets: The offset of each other relation, added to ``offset``.
        accuracy: The share of the fitted facts that are classified correctly.
        count: The number of fitted facts, true and false.
        best: The best answer to each held-out question: its p, and whether it was right.
    """

    weights: tuple[float, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    offset: float
    offsets: dict[str, float]
    accuracy: float
    count: int
    best: tuple[BestAnswer, ...] = ()

    def probability(self, scorer: Scorer, ids: Ints, relations: Sequence[str]) -> Floats:
        """The probability that each triple is true, shape (N,).

        Args:
            scorer: Scores triples.
            ids: Triples as the scorer's ids, shape (N, 3).
            relations: The keys of the scorer's relations, in the order of their ids.
        """
        if not len(ids):
            return np.empty(0)
        by_id = np.array([self.offsets.get(name, 0.0) for name in relations])
        standard = (features(scorer, ids) - self.mean) / self.scale
        score = standard @ np.array(self.weights) + self.offset + by_id[ids[:, 1]]
        return np.asarray(1 / (1 + np.exp(-score)), np.float64)

    def to_dict(self) -> dict[str, Any]:
        """The values as a JSON object."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Calibration:
        """Read the mapping that :meth:`to_dict` returned."""
        lists = {name: tuple(value[name]) for name in ("weights", "mean", "scale")}
        best = tuple(BestAnswer(float(p), bool(right)) for p, right in value.get("best", ()))
        return cls(**{**value, **lists, "best": best})


def features(scorer: Scorer, ids: Ints) -> Floats:
    """Score and log softmax of the tail and of the head of each triple, shape (N, 4)."""
    result = np.empty((len(ids), 4))
    for start in range(0, len(ids), TRIPLES_PER_BATCH):
        part = torch.from_numpy(ids[start : start + TRIPLES_PER_BATCH])
        for side, scores, own in (
            (0, scorer.tail_scores(part[:, :2]), part[:, 2:]),
            (2, scorer.head_scores(part[:, 1:]), part[:, :1]),
        ):
            score = scores.gather(1, own)
            both = torch.cat([score, score - torch.logsumexp(scores, 1, keepdim=True)], 1)
            result[start : start + TRIPLES_PER_BATCH, side : side + 2] = both.numpy()
    return result
