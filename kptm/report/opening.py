"""The top of the page: title, introduction and numbers; and the timeline of stages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.report.drawings.vector_map import constellation
from kptm.report.markup import number, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kptm.report.report_data import Report


def opening(report: Report) -> str:
    """Title, introduction and numbers."""
    return (
        f'<header class="hero">{constellation(report.points)}<div class="inner">'
        f'<h1 dir="auto">{text(report.title)}</h1><p class="intro" dir="auto">'
        f"{text(report.intro)}</p>{_stats(report.stats)}</div></header>"
    )


def _stats(stats: Mapping[str, int]) -> str:
    items = "".join(
        f"<div><dt>{text(name)}</dt><dd>{number(value)}</dd></div>" for name, value in stats.items()
    )
    return f'<dl class="stats">{items}</dl>' if items else ""


def timeline(stages: Sequence[tuple[str, float]]) -> str:
    """A timeline with a bar per stage, each starting where the previous one ends; "" if empty."""
    total = sum(seconds for _, seconds in stages)
    if not stages:
        return ""
    rows, passed = [], 0.0
    for name, seconds in stages:
        left = 100 * passed / total if total else 0.0
        width = 100 * seconds / total if total else 0.0
        rows.append(
            f"<li><span>{text(name)}</span>"
            f'<span class="track"><i style="left:{left:.2f}%;width:{width:.2f}%"></i></span>'
            f'<span class="score">{duration(seconds)}</span></li>'
        )
        passed += seconds
    return f'<ol class="timeline">{"".join(rows)}</ol>'


def duration(seconds: float) -> str:
    """Format seconds: "0.42 s", "37 s", "2 min 5 s"."""
    if seconds < 10:
        return f"{seconds:.2g} s"
    if round(seconds) < 100:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"
