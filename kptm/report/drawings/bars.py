"""Bar charts with intervals: one panel per split, one bar per arm."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from kptm.report.drawings.scale import Scale, ticks
from kptm.report.markup import number, px, short, svg, table, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kptm.report.report_data import Estimate

WIDTH = 480
"""The width of the drawing, in pixels."""
_ROW_HEIGHT, _SCALE_START, _SCALE_END = 30, 152, 420
"""The height of a bar's row, and where the scale starts and ends, in pixels."""


def arm_bars(
    arms: Mapping[str, Mapping[str, Estimate]],
    splits: Mapping[str, str],
    colours: Mapping[str, int],
) -> str:
    """Bar charts with whiskers for the intervals: one panel per split, one bar per arm.

    A value is bold if its interval lies above those of all other arms.

    Returns:
        A grid of ``<figure>`` on a common scale and a table, or "" without a finite estimate.
    """
    drawn = panels(arms, splits, colours)
    if not drawn:
        return ""
    figures = "".join(
        f'<figure><figcaption><b class="split">{text(panel.split)}</b> {text(panel.meaning)}'
        f"</figcaption>{svg(WIDTH, panel.height, panel.description, panel.body, 'bars')}</figure>"
        for panel in drawn
    )
    share = _are_shares(arms)
    rows = [
        (arm, panel.split, *(_value(v, share) for v in (e.mean, e.low, e.high)), str(e.count))
        for panel in drawn
        for arm, row in arms.items()
        if (e := row.get(panel.split))
    ]
    head = ("arm", "split", "mean", "95% low", "95% high", "n")
    return f'<div class="grid two">{figures}</div>' + table("The numbers", head, rows)


class Panel(NamedTuple):
    """The drawing of one split.

    Attributes:
        split: The name of the split.
        meaning: The meaning of the split, in one line.
        description: The drawing in words, for those who cannot see it.
        height: The height of the drawing, whose width is ``WIDTH``.
        body: The marks, as SVG.
    """

    split: str
    meaning: str
    description: str
    height: int
    body: str


def panels(
    arms: Mapping[str, Mapping[str, Estimate]],
    splits: Mapping[str, str],
    colours: Mapping[str, int],
) -> list[Panel]:
    """One drawing per split with an estimate, all on the same scale."""
    estimates = _finite(arms)
    if not estimates:
        return []
    highs = [value for e in estimates for value in (e.mean, e.high) if math.isfinite(value)]
    low, high = min(0.0, *(e.mean for e in estimates)), max(highs)
    share = _are_shares(arms)
    marks = ticks(low, high)
    x = Scale(marks[0], min(marks[-1], 1.0) if share else marks[-1], _SCALE_START, _SCALE_END)
    names = list(dict.fromkeys([*splits, *(s for row in arms.values() for s in row)]))
    names = [s for s in names if any(s in row for row in arms.values())]
    return [_panel(s, splits.get(s, ""), arms, colours, x, share) for s in names]


def _finite(arms: Mapping[str, Mapping[str, Estimate]]) -> list[Estimate]:
    return [e for row in arms.values() for e in row.values() if math.isfinite(e.mean)]


def _are_shares(arms: Mapping[str, Mapping[str, Estimate]]) -> bool:
    """Whether all estimates are between 0 and 1, and so are shown as percentages."""
    estimates = _finite(arms)
    highs = (value for e in estimates for value in (e.mean, e.high) if math.isfinite(value))
    return all(e.mean >= 0 for e in estimates) and max(highs) <= 1


def _value(value: float, share: bool) -> str:
    if not math.isfinite(value):
        return "–"
    return f"{100 * value:.1f}%" if share else number(value)


def _panel(
    split: str,
    meaning: str,
    arms: Mapping[str, Mapping[str, Estimate]],
    colours: Mapping[str, int],
    x: Scale,
    share: bool,
) -> Panel:
    estimates = {arm: row[split] for arm, row in arms.items() if split in row}
    base, body = x(max(0.0, x.low)), []
    for i, arm in enumerate(arms):
        middle = i * _ROW_HEIGHT + 16
        body.append(
            f'<text class="name" x="{_SCALE_START - 10}" y="{middle + 5}" text-anchor="end">'
            f"{text(short(arm, 20))}</text>"
        )
        if (e := estimates.get(arm)) and math.isfinite(e.mean):
            others = [o.high for name, o in estimates.items() if name != arm]
            clear = bool(others) and all(e.low > other for other in others)
            body.append(_bar(arm, e, middle, colours[arm], x, base, share, clear))
        else:
            body.append(
                f'<text class="tick" x="{_SCALE_START}" y="{middle + 5}">not measured</text>'
            )
    height = len(arms) * _ROW_HEIGHT + 4
    body.append(f'<path class="axis" d="M{px(base)} 0V{height}"/>')
    values = "; ".join(f"{arm} {_value(e.mean, share)}" for arm, e in estimates.items())
    return Panel(split, meaning, f"Split {split}: {values}", height, "".join(body))


def _bar(
    arm: str, e: Estimate, middle: int, slot: int, x: Scale, base: float, share: bool, clear: bool
) -> str:
    left = x(e.mean)
    ends = [min(max(x(v if math.isfinite(v) else e.mean), x.start), x.end) for v in (e.low, e.high)]
    whisker = (
        f"M{px(ends[0])} {middle}H{px(ends[1])}"
        f"M{px(ends[0])} {middle - 4}v8M{px(ends[1])} {middle - 4}v8"
    )
    value = _value(e.mean, share)
    title = (
        f"{arm}: {value} (95%: {_value(e.low, share)} to {_value(e.high, share)}, n = {e.count})"
    )
    return (
        f'<g class="mark c{slot}"><title>{text(title)}</title>'
        f'<rect class="bar" x="{px(min(base, left))}" y="{middle - 10}" '
        f'width="{abs(left - base):.2f}" height="20" rx="2"/>'
        f'<path class="halo" d="{whisker}"/><path class="whisker" d="{whisker}"/>'
        f'<text class="value{" clear" if clear else ""}" x="{px(max(left, ends[1], base) + 7)}" '
        f'y="{middle + 5}">{value}</text></g>'
    )
