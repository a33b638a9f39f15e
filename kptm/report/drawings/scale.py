"""Scales from values to coordinates."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear map from ``low … high`` to ``start … end``.

    Attributes:
        low: The value at ``start``.
        high: The value at ``end``. If it equals ``low``, all values map to the middle.
        start: The coordinate of ``low``.
        end: The coordinate of ``high``, which may be less than ``start``.
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The coordinate of a value."""
        share = 0.5 if self.high == self.low else (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round values (1, 2, 2.5 or 5 times a power of ten) that enclose ``low … high``.

    Args:
        low: The minimum value.
        high: The greatest value.
        count: The approximate number of steps.
    """
    if not high > low:
        low, high = (low - 0.5, low + 0.5) if low else (0.0, 1.0)
    raw = (high - low) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [i * step for i in range(first, last + 1)]
