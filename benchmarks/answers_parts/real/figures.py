"""Tables of judged questions: shares with intervals, by group, honesty of scores, thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kptm.evaluation import interval
from kptm.evaluation.answers.selective_answers import calibration_error, risk_coverage_area

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .asking import Outcome

SURE = 0.9
COVERAGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
HEAD = (
    "| set, phase | n | right | exact | answered | precision | refused rightly | p ≥ .9: n | right"
    " | mean p of wrong | ECE | AURC | median ms | p90 ms | median CPU ms | p90 |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"
)


def share(flags: Sequence[bool]) -> str:
    """A mean with its 95% interval."""
    if not flags:
        return ""
    found = interval([float(flag) for flag in flags])
    return f"{decimal(found.mean)} [{decimal(found.low)}, {decimal(found.high)}]"


def decimal(value: float) -> str:
    """Three decimals without a leading zero; "" for nan."""
    if np.isnan(value):
        return ""
    return f"{value:.3f}".removeprefix("0") if value < 1 else "1.000"


def line(name: str, outcomes: Sequence[Outcome]) -> str:
    """The row of a group."""
    answerable = [x for x in outcomes if x.answerable]
    others = [x for x in outcomes if not x.answerable]
    found = [x for x in outcomes if x.found]
    sure = [x for x in found if x.p >= SURE]
    wrong = [x.p for x in found if not x.right]
    ms, cpu = [x.ms for x in outcomes], [x.cpu_ms for x in outcomes]
    cells = [
        name,
        str(len(outcomes)),
        share([x.right for x in answerable]),
        decimal(mean([x.exact for x in answerable])),
        decimal(mean([x.found for x in outcomes])),
        decimal(mean([x.right for x in found])),
        share([x.right for x in others]),
        str(len(sure)),
        share([x.right for x in sure]),
        decimal(mean(wrong)),
        decimal(calibration_error([x.p for x in found], [x.right for x in found])),
        decimal(risk_coverage_area(*confidences(outcomes))),
        f"{np.median(ms):.0f}",
        f"{np.percentile(ms, 90):.0f}",
        f"{np.median(cpu):.0f}",
        f"{np.percentile(cpu, 90):.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def mean(values: Sequence[float]) -> float:
    """The mean; nan of none."""
    return float(np.mean(values)) if len(values) else float("nan")


def confidences(outcomes: Sequence[Outcome]) -> tuple[list[float], list[float]]:
    """(confidence, right) of each; "unknown" has the confidence 0."""
    return [x.p if x.found else 0.0 for x in outcomes], [float(x.right) for x in outcomes]


def lines(name: str, outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The row of the whole, then those of its groups."""
    yield line(name, outcomes)
    groups = sorted({x.group for x in outcomes})
    if len(groups) > 1:
        for group in groups:
            yield line(f"… {group}", [x for x in outcomes if x.group == group])


def risk_line(name: str, outcomes: Sequence[Outcome]) -> str:
    """Shares of right ones among the surest, at each coverage of all that were answered and not."""
    p, right = map(np.asarray, confidences(outcomes))
    order = np.argsort(-p, kind="stable")
    cells = [decimal(float(right[order[: max(1, round(at * len(p)))]].mean())) for at in COVERAGES]
    return f"| {name} | {' | '.join(cells)} |"


def risk_head() -> str:
    """The head of the table of :func:`risk_line`."""
    heads = " | ".join(f"{at:.0%}" for at in COVERAGES)
    return (
        f"| right among the surest … of all questions | {heads} |\n|---|{'---|' * len(COVERAGES)}"
    )


def verdicts(name: str, outcomes: Sequence[Outcome]) -> str:
    """How many were right, rightly refused, wrongly refused and wrong."""
    kinds = ("right", "rightly refused", "wrongly refused", "wrong")
    counts = [sum(x.verdict == kind for x in outcomes) for kind in kinds]
    shown = ", ".join(f"{count} {kind}" for kind, count in zip(kinds, counts, strict=True))
    return f"{name}: {shown} of {len(outcomes)}"
