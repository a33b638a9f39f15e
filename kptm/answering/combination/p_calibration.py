"""How often answers of a given p are right: isotonic regression, by where the answer comes from.

Pool adjacent violators (Ayer et al. 1955; Zadrozny & Elkan 2002), drawn as straight lines between
the centres of its blocks (Oron & Flournoy 2017). What a model knows and what neighbours say are two
scales: p = .9 of one is not p = .9 of the other.
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

CHUNK = 10
"""Answers to pool before a comparison: one answer is right or wrong, never a rate."""
HELD_OUT = 50
"""The fewest answers to held-out facts that calibrate link prediction's p."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A rising line through (p, rate of right answers), flat beyond its ends; default: p itself."""

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
        """The curve of answers with p and whether they were right; below ten it changes nothing."""
        if len(p) < CHUNK:
            return cls()
        order = np.argsort(np.asarray(p, np.float64), kind="stable")
        sorted_p, sorted_right = np.asarray(p, np.float64)[order], np.asarray(right, float)[order]
        parts = np.array_split(np.arange(len(order)), len(order) // CHUNK)
        prior = float(sorted_right.mean())
        # One more answer a chunk, right as often as all: ten right ones are no certainty.
        weights = np.array([len(part) + 1.0 for part in parts])
        rates = np.array([sorted_right[part].sum() + prior for part in parts]) / weights
        places = np.array([sorted_p[part].mean() for part in parts])
        at, rate = pool_violators(places, rates, weights)
        distinct = np.append(True, np.diff(at) > 0)
        return cls(p=tuple(at[distinct].tolist()), rate=tuple(rate[distinct].tolist()))

    def of(self, p: float) -> float:
        """How often an answer with this p is right."""
        return float(np.interp(p, self.p, self.rate))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbabilityCalibration:
    """Two curves.

    Attributes:
        alone: For predicted answers to which the store gave nothing (λ = 0).
        beside: For those in which its neighbours had a voice.
    """

    alone: Curve = Curve()
    beside: Curve = Curve()

    @classmethod
    def fit(
        cls, p: Sequence[float], right: Sequence[bool], with_store: Sequence[bool]
    ) -> ProbabilityCalibration:
        """Fit both curves on held-out answers.

        Args:
            p: Of the best answer of each question.
            right: Whether it was right.
            with_store: Whether neighbours had a voice.
        """
        rows = list(zip(p, right, with_store, strict=True))
        curves = []
        for voice in (False, True):
            chosen = [row for row in rows if row[2] == voice]
            curves.append(Curve.fit([row[0] for row in chosen], [row[1] for row in chosen]))
        return cls(alone=curves[0], beside=curves[1])

    def of(self, p: float, *, with_store: bool) -> float:
        """How often such an answer is right."""
        return (self.beside if with_store else self.alone).of(p)

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> ProbabilityCalibration:
        """What :func:`dataclasses.asdict` gave.

        Raises:
            ConfigError: The numbers are no curves.
        """
        alone, beside = (
            Curve(p=tuple(map(float, item["p"])), rate=tuple(map(float, item["rate"])))
            for item in (value["alone"], value["beside"])
        )
        return cls(alone=alone, beside=beside)


def threshold(
    p: Sequence[float], right: Sequence[bool], precision: float, *, confidence: float = 0.9
) -> float:
    """The lowest p from which on ``precision`` of the answers are right; infinite if none is.

    Selection with guaranteed risk (Geifman & El-Yaniv 2017): not the share itself but the lower end
    of its exact binomial interval (Clopper & Pearson 1934) has to reach that, or the luckiest of
    many thresholds would be chosen.

    Args:
        p: Of answers that nothing else was fitted on.
        right: Whether each is right.
        precision: What is wanted.
        confidence: Of the lower end, one-sided.
    """
    from scipy.stats import beta

    sorted_p, sorted_right = np.asarray(p, np.float64), np.asarray(right, np.float64)
    order = np.argsort(-sorted_p, kind="stable")
    sorted_p, hits = sorted_p[order], np.cumsum(sorted_right[order])
    count = np.arange(1, len(order) + 1)
    least = np.where(hits > 0, beta.ppf(1 - confidence, np.maximum(hits, 1), count - hits + 1), 0.0)
    ends = np.append(sorted_p[:-1] > sorted_p[1:], True)[
        : len(order)
    ]  # equals stand or fall together
    fits = np.flatnonzero(ends & (least >= precision))
    return float(sorted_p[fits[-1]]) if len(fits) else float("inf")


def pool_violators(places: Floats, rates: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Pool adjacent violators: centres and rates of the blocks of the nearest rising line.

    Args:
        places: Ascending, shape (N,).
        rates: Shape (N,).
        weights: Above 0, shape (N,).
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
    """How often link prediction's best answers of a given p are right.

    None where too few facts were held out to say.
    """
    best = embeddings.calibration.best if embeddings.calibration is not None else ()
    if len(best) < HELD_OUT:
        return None
    return Curve.fit([item.p for item in best], [item.right for item in best])
