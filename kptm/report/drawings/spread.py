"""Pushes boxes apart, and off the lines between other boxes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kptm.report.drawings.label_placement import Box

if TYPE_CHECKING:
    from collections.abc import Iterable

_ROUNDS, _LINE_ROUNDS = 500, 260


class Spread:
    """Moves boxes iteratively until they do not overlap.

    Args:
        boxes: The boxes by name.
        width: The width of the drawing.
        height: The height of the drawing.
        fixed: The name of the box that does not move.
        gap: The minimum distance between two boxes.
    """

    def __init__(
        self, boxes: dict[str, Box], width: float, height: float, *, fixed: str, gap: float
    ) -> None:
        self._boxes = boxes
        self._at = {name: [box.x, box.y] for name, box in boxes.items()}
        self._width, self._height = width, height
        self._fixed, self._gap = fixed, gap

    def run(self, lines: Iterable[tuple[str, str]] = ()) -> dict[str, Box]:
        """Move the boxes, and return them at their final positions.

        Args:
            lines: Pairs of names with a line between them. Other boxes are pushed off the lines
                only during half of the rounds, because separating boxes matters more.
        """
        names, pairs = list(self._boxes), sorted({tuple(sorted(line)) for line in lines})
        for turn in range(_ROUNDS):
            moved = False
            if turn < _LINE_ROUNDS:
                for first, second in pairs:
                    for name in names:
                        moved |= self._off_line(name, first, second)
            for i, first in enumerate(names):
                for second in names[i + 1 :]:
                    moved |= self._part(first, second)
            self._keep_inside()
            if not moved:
                break
        return {
            name: Box(x, y, self._boxes[name].half_width, self._boxes[name].half_height)
            for name, (x, y) in self._at.items()
        }

    def _keep_inside(self) -> None:
        for name, place in self._at.items():
            box = self._boxes[name]
            place[0] = min(max(place[0], box.half_width + 1), self._width - box.half_width - 1)
            place[1] = min(max(place[1], box.half_height + 1), self._height - box.half_height - 1)

    def _part(self, first: str, second: str) -> bool:
        """Move two boxes apart along the cheaper axis; return whether they overlapped."""
        a, b, centres, gap = self._boxes[first], self._boxes[second], self._at, self._gap
        dx, dy = centres[second][0] - centres[first][0], centres[second][1] - centres[first][1]
        over_x = a.half_width + b.half_width + gap - abs(dx)
        over_y = a.half_height + b.half_height + gap - abs(dy)
        if over_x <= 0 or over_y <= 0:
            return False
        # Boxes of text are wide, so that vertical moves disturb the layout less than horizontal
        # ones.
        axis, over, sign = (1, over_y, dy) if over_y <= over_x * 1.5 else (0, over_x, dx)
        push = (over * 0.5 + 0.3) * (1 if sign >= 0 else -1)
        shares = {self._fixed: 0.0}
        centres[first][axis] -= push * shares.get(first, 2.0 if second == self._fixed else 1.0)
        centres[second][axis] += push * shares.get(second, 2.0 if first == self._fixed else 1.0)
        return True

    def _off_line(self, name: str, start: str, end: str) -> bool:
        """Move a box perpendicularly off a line; return whether the line crossed it."""
        if name in (start, end, self._fixed):
            return False
        box, (x, y) = self._boxes[name], self._at[name]
        (x1, y1), (x2, y2) = self._at[start], self._at[end]
        dx, dy = x2 - x1, y2 - y1
        length = math.hypot(dx, dy)
        # The foot of the perpendicular is outside of the line segment, so it misses the box.
        if length < 1 or not 0 < ((x - x1) * dx + (y - y1) * dy) / length**2 < 1:
            return False
        nx, ny = -dy / length, dx / length
        aside = (x - x1) * nx + (y - y1) * ny
        # Half the box's extent perpendicular to the line, plus a margin of 5, minus the distance.
        lack = box.half_width * abs(nx) + box.half_height * abs(ny) + 5 - abs(aside)
        if lack <= 0:
            return False
        step = min(lack, 4.0) * (1 if aside >= 0 else -1)
        self._at[name][0] += nx * step
        self._at[name][1] += ny * step
        return True
