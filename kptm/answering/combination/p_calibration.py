"""Calibrates p by isotonic regression.

A curve is fitted with pool adjacent violators (Ayer et al. 1955; Zadrozny & Elkan 2002), and is
linear between the centres of the blocks (Oron & Flournoy 2017). There is one curve for answers with
modeledge's neighbours and one for answers without, because their p have different scales.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from kptm.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kg.embedding import EntityEmbeddings

    Floats = NDArray[np.float64]

ANSWERS_PER_CHUNK = 10
"""The curve is fitted to chunks of this many answers, because one answer has no rate."""
MIN_HELD_OUT_FACTS = 50
"""The minimum number of held-out facts with which the p of link prediction is calibrated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A rising curve from p to the rate of right answers, flat beyond its ends.

    By default, the rate is p itself.
    """

    p: tuple[float, ...] = (0.0, 1.0)
    rate: tuple[float, ...] = (0.0, 1.0)

    def __post_init__(self) -> None:
        rises = all(a < b for a, b in pairwise(self.p))
        rises = rises and all(a <= b for a, b in pairwise(self.rate))
        if not self.p or len(self.p) != len(self.rate) or not rises:
            raise ConfigError("a curve needs as many rates as values of p, and both must rise")
        if not (self.rate[0] >= 0 and self.rate[-1] <= 1):
            raise ConfigError("rates are between 0 and 1")

    @classmethod
    def fit(cls, p: Sequence[float], right: Sequence[bool]) -> Curve:
        """Fit a curve to answers, given their p and whether they are right.

        With fewer than ten answers, the curve is the default.
        """
        if len(p) < ANSWERS_PER_CHUNK:
            return cls()
        order = np.argsort(np.asarray(p, np.float64), kind="stable")
        sorted_p, sorted_right = np.asarray(p, np.float64)[order], np.asarray(right, float)[order]
        parts = np.array_split(np.arange(len(order)), len(order) // ANSWERS_PER_CHUNK)
        prior = float(sorted_right.mean())
        # Each chunk gets one more answer with the overall rate as its value, so that ten right
        # answers do not give the rate 1.
        weights = np.array([len(part) + 1.0 for part in parts])
        rates = np.array([sorted_right[part].sum() + prior for part in parts]) / weights
        places = np.array([sorted_p[part].mean() for part in parts])
        at, rate = pool_violators(places, rates, weights)
        distinct = np.append(True, np.diff(at) > 0)
        return cls(p=tuple(at[distinct].tolist()), rate=tuple(rate[distinct].tolist()))

    def of(self, p: float) -> float:
        """The rate of right answers at this p."""
        return float(np.interp(p, self.p, self.rate))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbabilityCalibration:
    """The calibration of predicted answers, by two curves.

    Attributes:
        alone: The curve for answers without neighbours from modeledge (λ = 0).
        beside: The curve for answers with such neighbours.
    """

    alone: Curve = Curve()
    beside: Curve = Curve()

    @classmethod
    def fit(
        cls, p: Sequence[float], right: Sequence[bool], with_store: Sequence[bool]
    ) -> ProbabilityCalibration:
        """Fit both curves on held-out answers.

        Args:
            p: The p of each question's best answer.
            right: Whether that answer is right.
            with_store: Whether neighbours from modeledge contributed to it.
        """
        rows = list(zip(p, right, with_store, strict=True))
        curves = []
        for voice in (False, True):
            chosen = [row for row in rows if row[2] == voice]
            curves.append(Curve.fit([row[0] for row in chosen], [row[1] for row in chosen]))
        return cls(alone=curves[0], beside=curves[1])

    def of(self, p: float, *, with_store: bool) -> float:
        """The rate of right answers at this p, with or without neighbours from modeledge."""
        return (self.beside if with_store else self.alone).of(p)

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> ProbabilityCalibration:
        """Read the mapping that :func:`dataclasses.asdict` returned.

        Raises:
            ConfigError: The numbers are not a curve.
        """
        alone, beside = (
            Curve(p=tuple(map(float, item["p"])), rate=tuple(map(float, item["rate"])))
            for item in (value["alone"], value["beside"])
        )
        return cls(alone=alone, beside=beside)


def threshold(
    p: Sequence[float], right: Sequence[bool], precision: float, *, confidence: float = 0.9
) -> float:
    """The lowest threshold of p at which answers have the wanted precision; infinity if none has.

    This is selection with guaranteed risk (Geifman & El-Yaniv 2017): the lower end of the exact
    binomial interval (Clopper & Pearson 1934) must reach the precision, because the best of many
    thresholds looks better than it is by chance.

    Args:
        p: The p of answers to which nothing else was fitted.
        right: Whether each answer is right.
        precision: The wanted precision.
        confidence: The one-sided confidence of the lower end.
    """
    from scipy.stats import beta

    sorted_p, sorted_right = np.asarray(p, np.float64), np.asarray(right, np.float64)
    order = np.argsort(-sorted_p, kind="stable")
    sorted_p, hits = sorted_p[order], np.cumsum(sorted_right[order])
    count = np.arange(1, len(order) + 1)
    least = np.where(hits > 0, beta.ppf(1 - confidence, np.maximum(hits, 1), count - hits + 1), 0.0)
    ends = np.append(sorted_p[:-1] > sorted_p[1:], True)[
        : len(order)
    ]  # equal p are accepted or refused together
    fits = np.flatnonzero(ends & (least >= precision))
    return float(sorted_p[fits[-1]]) if len(fits) else float("inf")


def pool_violators(places: Floats, rates: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Pool adjacent violators: centres and rates of the blocks of the isotonic fit.

    Args:
        places: The points, ascending, shape (N,).
        rates: The rate at each point, shape (N,).
        weights: The weight of each point, above 0, shape (N,).

    Returns:
        The centre and the rate of each block, both of shape (number of blocks,).
    """
    blocks: list[list[float]] = []  # weight, weighted sum of rates, weighted sum of places
    for place, rate, weight in zip(places.tolist(), rates.tolist(), weights.tolist(), strict=True):
        blocks.append([weight, weight * rate, weight * place])
        while len(blocks) > 1 and blocks[-2][1] / blocks[-2][0] >= blocks[-1][1] / blocks[-1][0]:
            last = blocks.pop()
            blocks[-1] = [ours + theirs for ours, theirs in zip(blocks[-1], last, strict=True)]
    table = np.array(blocks).reshape(-1, 3)
    return table[:, 2] / table[:, 0], table[:, 1] / table[:, 0]


def link_prediction_curve(embeddings: EntityEmbeddings) -> Curve | None:
    """The calibration curve for the best answers of link prediction.

    None if fewer than ``MIN_HELD_OUT_FACTS`` facts were held out of the training.
    """
    best = embeddings.calibration.best if embeddings.calibration is not None else ()
    if len(best) < MIN_HELD_OUT_FACTS:
        return None
    return Curve.fit([item.p for item in best], [item.right for item in best])
