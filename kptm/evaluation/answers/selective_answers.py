"""Measures of confidence: calibration error, and the risk–coverage curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kptm.evaluation.statistics import RESAMPLES, Interval

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Values = Sequence[float] | Floats

BINS = 15
"""The number of bins of the calibration errors."""


def calibration_error(confidence: Values, right: Values) -> float:
    """Expected calibration error over 15 bins of equal width (Guo et al. 2017, equation 3).

    It is Σ n_b/n · |mean right − mean confidence|.
    """
    p, hit = np.asarray(confidence, np.float64), np.asarray(right, np.float64)
    bin_of = np.clip(np.ceil(p * BINS).astype(int) - 1, 0, BINS - 1)
    gaps = np.bincount(bin_of, hit - p, BINS)
    return float(np.abs(gaps).sum() / len(p)) if len(p) else float("nan")


def calibration_error_by_mass(confidence: Values, right: Values) -> float:
    """Expected calibration error over 15 bins of equal size (Nguyen & O'Connor 2015)."""
    p, hit = np.asarray(confidence, np.float64), np.asarray(right, np.float64)
    order = np.argsort(p, kind="stable")
    gaps = [abs((hit[part] - p[part]).sum()) for part in np.array_split(order, BINS)]
    return float(sum(gaps) / len(p)) if len(p) else float("nan")


def risk_coverage_area(confidence: Values, right: Values) -> float:
    """Area under the risk–coverage curve (Geifman & El-Yaniv 2017).

    It is the mean over n of the share of wrong answers among the n most confident. Answers of equal
    confidence count together, each with their common share of wrong ones.
    """
    p, hit = np.asarray(confidence, np.float64), np.asarray(right, np.float64)
    if not len(p):
        return float("nan")
    _, group, size = np.unique(-p, return_inverse=True, return_counts=True)
    wrong = (np.bincount(group, 1 - hit) / size)[np.sort(group)]
    return float((np.cumsum(wrong) / np.arange(1, len(p) + 1)).mean())


def bootstrap_interval(
    measure: Callable[[Floats], float], rows: Floats, *, seed: int = 0, times: int = RESAMPLES
) -> Interval:
    """A figure of rows, shape (N, …), with its 95% bootstrap interval over rows (percentiles)."""
    rng = np.random.default_rng(seed)
    drawn = [measure(rows[rng.integers(len(rows), size=len(rows))]) for _ in range(times)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Interval(measure(rows), float(low), float(high), len(rows))
