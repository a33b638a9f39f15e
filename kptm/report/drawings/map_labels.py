"""Places a few names on the map of vectors without overlaps."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from kptm.report.drawings.label_placement import Box, text_width
from kptm.report.drawings.palette import GREY
from kptm.report.markup import px, short, text

if TYPE_CHECKING:
    from collections.abc import Sequence

# Phones show only the labels that fit at the large size.
_LARGE, _SMALL = 26.0, 14.0
# Bold letters are wider.
_BOLD = 1.15
_APART = 110.0


@dataclass(frozen=True, slots=True)
class Dot:
    """A point in the drawing."""

    label: str
    group: str
    slot: int
    x: float
    y: float


def map_labels(placed: Sequence[Dot], width: float, height: float) -> str:
    """Labels as SVG text: one per colour at a size for phones, then more for wider screens."""
    queues = [_central([d for d in placed if d.slot == slot]) for slot in range(GREY)]
    boxes: list[Box] = []
    chosen: list[str] = []
    for size, rounds in ((_LARGE, 1), (_SMALL, 2)):
        for _ in range(rounds):
            for queue in filter(None, queues):
                placement = _first(queue, boxes, placed, size, width, height)
                if placement is None:
                    continue
                dot, box = placement
                queue.remove(dot)
                boxes.append(box)
                chosen.append(_label(dot, box, size))
    return "".join(chosen)


def _central(group: list[Dot]) -> list[Dot]:
    """The dots of a group, nearest to its centre first."""
    if not group:
        return []
    x, y = median(d.x for d in group), median(d.y for d in group)
    return sorted(group, key=lambda d: ((d.x - x) ** 2 + (d.y - y) ** 2, d.label))


def _first(
    queue: Sequence[Dot],
    boxes: Sequence[Box],
    placed: Sequence[Dot],
    size: float,
    width: float,
    height: float,
) -> tuple[Dot, Box] | None:
    """The first dot with room for its label, and the box that covers the fewest dots."""
    for dot in queue[:40]:
        half, tall = text_width(short(dot.label, 22), size * _BOLD) / 2, size * 0.6
        room = [
            box
            for box in (
                Box(dot.x, dot.y - tall - 7, half, tall),
                Box(dot.x, dot.y + tall + 7, half, tall),
                Box(dot.x + half + 9, dot.y, half, tall),
                Box(dot.x - half - 9, dot.y, half, tall),
            )
            if box.within(width, height)
            and not any(box.hits(other, 4) for other in boxes)
            and not any(
                abs(other_box.x - box.x) + abs(other_box.y - box.y) < _APART for other_box in boxes
            )
        ]
        if room:
            return dot, min(
                room,
                key=lambda box: sum(box.holds(dot_below.x, dot_below.y) for dot_below in placed),
            )
    return None


def _label(dot: Dot, box: Box, size: float) -> str:
    kind = "major" if size == _LARGE else "minor"
    # At either size, a label beside its dot is anchored on that side, others at the middle.
    left, right = box.x - box.half_width > dot.x, box.x + box.half_width < dot.x
    anchor = "start" if left else "end" if right else "middle"
    x = dot.x + 9 if left else dot.x - 9 if right else box.x
    nearer = 0 if left or right or kind == "minor" else 5 if box.y < dot.y else -5
    y = box.y + nearer
    return (
        f'<text class="place {kind} mark c{dot.slot}" x="{px(x)}" y="{px(y)}" '
        f'text-anchor="{anchor}" dominant-baseline="middle">{text(short(dot.label, 22))}</text>'
    )
