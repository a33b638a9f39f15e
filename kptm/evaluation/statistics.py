"""Bootstrap intervals (Efron & Tibshirani 1993, the percentile method)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

RESAMPLES = 2_000
"""The number of bootstrap samples."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its 95% interval over ``count`` values."""

    mean: float
    low: float
    high: float
    count: int


def interval(values: Sequence[float], *, seed: int = 0) -> Interval:
    """The mean of ``values`` and its 95% bootstrap interval; nan without values."""
    data = np.asarray(values, dtype=np.float64)
    if not len(data):
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    rng = np.random.default_rng(seed)
    means = np.array(
        [data[rng.integers(len(data), size=len(data))].mean() for _ in range(RESAMPLES)]
    )
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(data.mean()), float(low), float(high), len(data))


def paired_interval(ours: Sequence[float], theirs: Sequence[float], *, seed: int = 0) -> Interval:
    """The mean difference ``ours - theirs`` on the same items, with its 95% interval.

    Raises:
        ValueError: The two have different lengths.
    """
    if len(ours) != len(theirs):
        raise ValueError(f"{len(ours)} and {len(theirs)} values cannot be paired")
    return interval((np.asarray(ours, float) - np.asarray(theirs, float)).tolist(), seed=seed)
