"""Geometry for placing labels so that they do not overlap."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_THIN = frozenset("iljtfrI.,:;'|!()[]- ")


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, given by its centre and half its width and height."""

    x: float
    y: float
    half_width: float
    half_height: float

    def hits(self, other: Box, gap: float = 0.0) -> bool:
        """Whether the two boxes overlap, or are closer than ``gap``."""
        return (
            abs(self.x - other.x) < self.half_width + other.half_width + gap
            and abs(self.y - other.y) < self.half_height + other.half_height + gap
        )

    def holds(self, x: float, y: float) -> bool:
        """Whether the box contains a point."""
        return abs(self.x - x) < self.half_width and abs(self.y - y) < self.half_height

    def within(self, width: float, height: float) -> bool:
        """Whether the box lies within a drawing of this size."""
        return (
            self.half_width <= self.x <= width - self.half_width
            and self.half_height <= self.y <= height - self.half_height
        )

    def edge(self, x: float, y: float) -> tuple[float, float]:
        """The point where the line from the centre to a point outside crosses the border."""
        dx, dy = x - self.x, y - self.y
        share = min(
            self.half_width / abs(dx) if dx else float("inf"),
            self.half_height / abs(dy) if dy else float("inf"),
            1.0,
        )
        return self.x + dx * share, self.y + dy * share


def text_width(label: str, size: float) -> float:
    """An upper estimate of a text's width at a font size, since the font is unknown."""
    ems = 0.0
    for character in label:
        if unicodedata.east_asian_width(character) in "WF":
            ems += 1.0
        elif unicodedata.combining(character):
            continue
        elif character in _THIN:
            ems += 0.34
        else:
            ems += 0.72 if character.isupper() else 0.57
    return ems * size


def apart(places: Mapping[str, float], gap: float, top: float, bottom: float) -> dict[str, float]:
    """Move heights at least ``gap`` apart, in the same order, as little as possible."""
    order = sorted(places, key=lambda name: places[name])
    heights = [places[name] for name in order]
    for _ in range(60 if heights else 0):
        for i, (above, below) in enumerate(pairwise(heights)):
            # Each moves by half the overlap; repeating this converges.
            if (lack := gap - (below - above)) > 1e-6:
                heights[i] -= lack / 2
                heights[i + 1] += lack / 2
        heights[0], heights[-1] = max(heights[0], top), min(heights[-1], bottom)
    return dict(zip(order, heights, strict=True))
