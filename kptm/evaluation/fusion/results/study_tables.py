"""Results as a table in Markdown."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kptm.evaluation.fusion.results.study_results import Results

SPLITS = {
    "A": "text and graph",
    "B": "graph only",
    "C": "neither",
    "D": "graph edited after training",
}


def as_markdown(results: Results) -> str:
    """Arms, baselines and differences as rows, splits as columns.

    A cell has P@1 with its 95% interval over facts, and ± the standard deviation if there are
    several runs.
    """
    splits = results.splits()
    head = [f"{name}: {SPLITS.get(name, '')} (n = {count:,})" for name, count in splits.items()]
    lines = [_row("arm (runs)", head), _row("---", ["---"] * len(head))]
    for name, runs in (*results.arms.items(), *results.baselines.items()):
        shown = f"{name} ({len(runs)})" if name in results.arms else f"*{name}*"
        lines.append(_row(shown, [_cell(results, name, split) for split in splits]))
    for name, differences in results.differences().items():
        cells = [f"{x.mean:+.3f} [{x.low:+.3f}, {x.high:+.3f}]" for x in differences.values()]
        lines.append(_row(f"**{name}**", cells))
    return "\n".join(lines) + "\n"


def more_figures(results: Results) -> str:
    """A table of MRR, macro P@1, and the language model's loss with and without knowledge."""
    splits = list(results.splits())
    head = [*(f"{kind} {split}" for kind in ("MRR", "macro") for split in splits), "masked LM"]
    lines = [_row("arm", head), _row("---", ["---"] * len(head))]
    plain = results.losses.get("none", [])
    for name in (*results.arms, *results.baselines):
        cells = [f"{results.estimate(name, split, mrr=True).mean:.3f}" for split in splits]
        cells += [f"{results.macro(name, split):.3f}" for split in splits]
        losses = results.losses.get(name, [])
        loss = f"{_mean(losses):.4f}" if losses else ""
        if losses and plain:
            loss += f" ({_mean(losses) / _mean(plain):.3f} × none)"
        lines.append(_row(name, [*cells, loss]))
    return "\n".join(lines) + "\n"


KEPT = {
    "same": "sentence vectors equal to the bit (share of runs)",
    "same without LoRA": "the same with LoRA switched off",
    "cosine": "cosine with the vectors before training",
    "ranks": "Spearman of similarities with those before training",
    "loss before": "language model's loss before",
    "loss after": "after",
}


def kept_figures(results: Results) -> str:
    """A table of the backbone's remaining ability; "" if the backbone was not pretrained."""
    means = results.kept_means()
    if not means:
        return ""
    measured = [name for name in KEPT if any(name in figures for figures in means.values())]
    lines = [
        _row("kept, by arm", [KEPT[name] for name in measured]),
        _row("---", ["---"] * len(measured)),
    ]
    for arm, figures in means.items():
        lines.append(
            _row(arm, [f"{figures[name]:.4f}" if name in figures else "" for name in measured])
        )
    return "\n".join(lines) + "\n"


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _cell(results: Results, name: str, split: str) -> str:
    estimate = results.estimate(name, split)
    spread = results.deviation(name, split)
    shown = f"{estimate.mean:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"
    return shown if isnan(spread) else f"{shown} ±{spread:.3f}"


def _row(first: str, cells: list[str]) -> str:
    return f"| {' | '.join([first, *cells])} |"
