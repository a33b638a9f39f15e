"""Line charts of loss curves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kptm.report.drawings.label_placement import apart
from kptm.report.drawings.scale import Scale, ticks
from kptm.report.markup import number, px, short, svg, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WIDTH, _HEIGHT = 480, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 376, 12, 236


def line_chart(
    title: str,
    series: Mapping[str, Sequence[tuple[float, float]]],
    colours: Mapping[str, int],
    unit: str,
) -> str:
    """A line chart of series over training steps, with names at the right ends.

    Args:
        title: The title of the chart.
        series: Points (step, value) by name; values that are not finite are left out.
        colours: The slot of the palette by name.
        unit: The label of the x-axis, such as "steps".

    Returns:
        A ``<figure>``, or "" without points.
    """
    lines = {
        name: finite
        for name, points in series.items()
        if (finite := [p for p in points if math.isfinite(p[0]) and math.isfinite(p[1])])
    }
    if not lines:
        return ""
    every = [point for points in lines.values() for point in points]
    marks_y = ticks(min(y for _, y in every), max(y for _, y in every))
    x = Scale(min(x for x, _ in every), max(x for x, _ in every), _LEFT, _RIGHT)
    y = Scale(marks_y[0], marks_y[-1], _BOTTOM, _TOP)
    body = [_axes(x, y, marks_y, unit)]
    for name, points in lines.items():
        body.append(_line(name, points, colours[name], x, y))
    ends = apart({name: y(points[-1][1]) for name, points in lines.items()}, 15, _TOP, _BOTTOM)
    for name, height in ends.items():
        step, value = lines[name][-1]
        body.append(
            f'<g class="mark c{colours[name]}"><path class="lead" d="M{px(x(step))} '
            f'{px(y(value))}L{_RIGHT + 8} {px(height)}"/><text class="end" x="{_RIGHT + 11}" '
            f'y="{px(height + 4)}">{text(short(name, 13))}</text></g>'
        )
    description = "; ".join(
        f"{n} from {number(p[0][1])} to {number(p[-1][1])}" for n, p in lines.items()
    )
    drawing = svg(_WIDTH, _HEIGHT, f"{title} by {unit}: {description}", "".join(body), "lines")
    return f"<figure><figcaption>{text(title)}</figcaption>{drawing}</figure>"


def _axes(x: Scale, y: Scale, marks_y: Sequence[float], unit: str) -> str:
    rows = [
        f'<path class="grid" d="M{_LEFT} {px(y(v))}H{_RIGHT}"/>'
        f'<text class="tick" x="{_LEFT - 6}" y="{px(y(v) + 4)}" text-anchor="end">{v:g}</text>'
        for v in marks_y
    ]
    inside = [v for v in ticks(x.low, x.high) if x.low <= v <= x.high]
    columns = [
        f'<text class="tick" x="{px(x(v))}" y="{_BOTTOM + 18}" text-anchor="middle">{v:g}</text>'
        for v in inside
    ]
    name = f'<text class="tick" x="{_RIGHT + 26}" y="{_BOTTOM + 18}">{text(unit)}</text>'
    return "".join([*rows, *columns, name])


def _line(name: str, points: Sequence[tuple[float, float]], slot: int, x: Scale, y: Scale) -> str:
    path = "L".join(f"{px(x(step))} {px(y(value))}" for step, value in points)
    stride = max(1, len(points) // 24)
    hits = "".join(
        f'<circle class="hit" cx="{px(x(step))}" cy="{px(y(value))}" r="6">'
        f"<title>{text(name)}, {number(step)}: {number(value)}</title></circle>"
        for step, value in points[::stride]
    )
    return f'<g class="mark c{slot}"><path class="curve" d="M{path}"/>{hits}</g>'
