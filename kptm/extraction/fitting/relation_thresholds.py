"""Turns scores into decisions: calibrated confidence, and thresholds for a precision.

With labelled rows, both are fitted on held-out texts, and each relation has its own threshold.

Without rows, they are fitted on held-out pairs of entities. A prediction that the graph can neither
confirm nor deny is ignored: if the graph has no tail for a head and relation, any tail may be
correct (the local closed-world assumption, Dong et al. 2014). A pair with several facts counts for
each fact in proportion to its score, because a sentence usually states one of them. All relations
then share one threshold, which is raised for a relation if the upper bound of its own precision
(Wilson 1927) is too low. Choosing a threshold for each relation would overfit the graph's noise.

With few texts, all relations together may miss a precision that single relations reach, or reach it
only by a few predictions, perhaps by chance. Only then does a relation have its own threshold,
chosen by its precision shrunk towards that of all relations.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

PRECISIONS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.975, 0.99)
"""Precisions with stored thresholds; another precision takes the next higher one."""
PRIOR_PREDICTIONS = 20.0
"""The weight of the overall mean, in predictions, when it smooths a rare relation."""
MIN_PREDICTIONS = 20
"""Fewer predictions of all relations together are not enough to show a precision."""
UNREACHABLE = 2.0
"""A threshold that no confidence reaches."""


BOUND_DEVIATIONS = 1.28
"""Standard deviations of the upper bound: 90%, one-sided."""


class Scored(NamedTuple):
    """A held-out prediction and the probability that it is right: 0 or 1 if labels are complete."""

    relation: str
    chance: float
    right: float


@dataclass(frozen=True, slots=True)
class RelationThresholds:
    """Confidence and thresholds.

    Attributes:
        slope: The slope of the log-odds (Platt scaling).
        shift: The shift of the log-odds.
        general: For each of :data:`PRECISIONS`, the threshold for all relations together.
        relations: The thresholds of each relation.
    """

    slope: float
    shift: float
    general: tuple[float, ...]
    relations: Mapping[str, tuple[float, ...]]

    def confidence(self, chances: NDArray[np.float32]) -> NDArray[np.float64]:
        """The probability that a prediction is right, from the classifier's score."""
        return _sigmoid(self.slope * _logit(chances) + self.shift)

    def reaches(self, relation: str, precision: float) -> bool:
        """Whether a relation's held-out predictions reached a precision."""
        return self.threshold(relation, precision) < UNREACHABLE

    def threshold(self, relation: str, precision: float) -> float:
        """The threshold of a relation for a precision."""
        i = next(
            (n for n, listed in enumerate(PRECISIONS) if listed >= precision), len(PRECISIONS) - 1
        )
        return self.relations.get(relation, self.general)[i]


def calibrate(scored: Iterable[Scored], *, closed: bool) -> RelationThresholds:
    """Fit confidence and thresholds to held-out predictions.

    Args:
        scored: The predictions.
        closed: Whether labels are complete, as in labelled rows; the graph's labels are not.
    """
    items = sorted(scored, key=lambda item: (-item.chance, item.relation, item.right))
    if not items:
        return RelationThresholds(1.0, 0.0, tuple(max(minimum, 0.5) for minimum in PRECISIONS), {})
    chances = np.array([item.chance for item in items])
    right = np.array([float(item.right) for item in items])
    slope, shift = _platt(chances, right)
    confidences = _sigmoid(slope * _logit(chances) + shift)
    general = _thresholds(confidences, right, 0.0)
    pooled = np.cumsum(right) / np.arange(1, len(right) + 1)
    if not closed:
        # The precision of the first few predictions may be chance, so it is used neither for a
        # threshold nor as a prior.
        least = min(MIN_PREDICTIONS, len(right))
        pooled[:least] = pooled[least - 1]
        general = tuple(
            threshold if np.count_nonzero(confidences >= threshold) >= least else UNREACHABLE
            for threshold in general
        )
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, item in enumerate(items):
        rows_of[item.relation].append(row)
    relations = {
        relation: _thresholds(confidences[rows], right[rows], PRIOR_PREDICTIONS)
        if closed
        else _fall_back(
            _raise_thresholds(confidences[rows], right[rows], general),
            general,
            _thresholds(confidences[rows], right[rows], PRIOR_PREDICTIONS, pooled[rows]),
        )
        for relation, rows in sorted(rows_of.items())
    }
    return RelationThresholds(slope, shift, general, relations)


def _thresholds(
    confidences: NDArray[np.float64],
    right: NDArray[np.float64],
    weight: float,
    prior: NDArray[np.float64] | None = None,
) -> tuple[float, ...]:
    """The smallest threshold that reaches each of :data:`PRECISIONS`.

    Args:
        confidences: The confidences of predictions, in descending order.
        right: The probability that each is right.
        weight: The weight of the prior, in predictions.
        prior: The expected precision of the predictions up to each one; by default their mean
            confidence.
    """
    counts = np.arange(1, len(right) + 1)
    expected = np.cumsum(confidences) / counts if prior is None else prior
    precision = (np.cumsum(right) + weight * expected) / (counts + weight)
    # The last of equal confidences represents them all.
    last = np.append(confidences[1:] < confidences[:-1], True)
    thresholds = []
    for wanted in PRECISIONS:
        enough = np.flatnonzero(last & (precision >= wanted))
        if not len(enough):
            thresholds.append(UNREACHABLE)
            continue
        least = float(confidences[enough[-1]])
        # If all predictions are good enough, the threshold drops to the precision itself.
        thresholds.append(min(least, wanted) if enough[-1] == len(right) - 1 else least)
    return tuple(thresholds)


def _fall_back(
    raised: Sequence[float], general: Sequence[float], shrunk: Sequence[float]
) -> tuple[float, ...]:
    """Replace raised thresholds by shrunk ones where all relations together miss the precision.

    Args:
        raised: The general thresholds, or higher ones.
        general: The general thresholds.
        shrunk: Thresholds by the relation's own precision, shrunk towards that of all relations.
    """
    thresholds = list[float]()
    for high, common, own in zip(raised, general, shrunk, strict=True):
        # A higher precision never has a lower threshold.
        thresholds.append(max([own, *thresholds]) if common >= UNREACHABLE else high)
    return tuple(thresholds)


def _raise_thresholds(
    confidences: NDArray[np.float64], right: NDArray[np.float64], general: Sequence[float]
) -> tuple[float, ...]:
    """Raise the general thresholds if a relation's predictions above them are too often wrong.

    Args:
        confidences: The confidences of the relation's predictions, in descending order.
        right: The probability that each is right.
        general: The thresholds of all relations together.
    """
    counts = np.arange(1, len(right) + 1)
    share, spread = np.cumsum(right) / counts, BOUND_DEVIATIONS**2 / counts
    # The upper end of Wilson's interval for the precision of the predictions up to each one.
    bound = share + spread / 2 + np.sqrt(spread * (share * (1 - share) + spread / 4))
    bound /= 1 + spread
    last = np.append(confidences[1:] < confidences[:-1], True)
    thresholds = []
    for wanted, minimum in zip(PRECISIONS, general, strict=True):
        above = np.flatnonzero(last & (confidences >= minimum))
        if not len(above) or bound[above[-1]] >= wanted:
            thresholds.append(minimum)
            continue
        enough = above[bound[above] >= wanted]
        thresholds.append(float(confidences[enough[-1]]) if len(enough) else UNREACHABLE)
    # A prediction that passes at a precision must also pass at any lower one.
    for i in reversed(range(len(thresholds) - 1)):
        thresholds[i] = min(thresholds[i], thresholds[i + 1])
    return tuple(thresholds)


def _platt(chances: NDArray[np.float64], right: NDArray[np.float64]) -> tuple[float, float]:
    """Fit slope and shift of the log-odds; a prior pulls them to 1 and 0 if examples are few."""
    from scipy.optimize import minimize

    positives, negatives = float(right.sum()), float((1 - right).sum())
    # Platt's targets add one example of each kind, so that no target is 0 or 1.
    target = right * (positives + 1) / (positives + 2) + (1 - right) / (negatives + 2)
    odds = _logit(chances)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        score = weights[0] * odds + weights[1]
        away = weights - [1.0, 0.0]
        error = _sigmoid(score) - target
        value = np.logaddexp(0, score).sum() - target @ score + away @ away / 2
        return float(value), np.array([error @ odds, error.sum()]) + away

    fitted = minimize(loss, [1.0, 0.0], jac=True, method="L-BFGS-B", bounds=[(0.1, 10), (-10, 10)])
    return float(fitted.x[0]), float(fitted.x[1])


def _logit(chances: NDArray[np.floating]) -> NDArray[np.float64]:
    clipped = np.clip(np.asarray(chances, np.float64), 1e-6, 1 - 1e-6)
    return np.log(clipped / (1 - clipped))


def _sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.exp(-np.logaddexp(0, -values))
