"""The verb evaluate answers."""

from __future__ import annotations

from dataclasses import asdict
from math import isnan
from typing import TYPE_CHECKING, Any

import click

from kptm.cli.output.common import (
    device_option,
    existing,
    model_option,
    plain,
    show,
    show_rows,
    verb,
    workspace_argument,
)
from kptm.cli.output.progress import lines_of, progress

if TYPE_CHECKING:
    from kptm.evaluation.answers.answer_report import AnswerFigures
    from kptm.evaluation.answers.outcome import Outcome
    from kptm.evaluation.statistics import Interval

MEASURES = {
    "hits_at_1": "Hits@1",
    "exact": "exact sets",
    "f1": "F1 of sets",
    "coverage": "answered",
    "precision": "right of the answered",
    "refused": "unanswerable refused",
    "calibration_error": "calibration error",
    "risk_coverage": "risk–coverage area",
    "median_ms": "median ms",
    "p95_ms": "95% under ms",
}


@click.command()
@workspace_argument
@click.argument("questions", type=click.Path(allow_dash=True))
@click.option("--errors", is_flag=True, help="List every wrongly answered question, and why.")
@model_option
@device_option
@verb
def answers(workspace: str, questions: str, errors: bool, as_json: bool) -> None:
    """Ask QUESTIONS, and compare the answers with the right ones.

    QUESTIONS has lines question⇥answer|answer, or is .jsonl with "question", "answers" and
    optionally "kind". An answer is a key or a name. A question without answers should be refused.
    """
    from kptm.evaluation.answers.answer_evaluation import NameResolver, evaluate_answers
    from kptm.evaluation.answers.gold_questions import read_gold

    mistakes: list[Outcome] = []
    count = 0
    with (
        existing(workspace) as ws,
        progress("asking", lines_of([questions]), about=True) as advance,
    ):

        def record(outcome: Outcome) -> None:
            nonlocal count
            count += 1
            advance(count)
            if errors and outcome.verdict != "right":
                mistakes.append(outcome)

        names = NameResolver(ws.graph, ws.linker)
        report = evaluate_answers(ws.ask, read_gold(questions), meant=names, asked=record)
    figures, kinds = report.all(), report.by_kind()
    if as_json:
        total: dict[str, Any] = {"all": _numbers(figures)}
        total["kinds"] = {name: _numbers(of_kind) for name, of_kind in kinds.items()}
        total["unknown_names"] = sorted(names.unknown)
        if errors:
            total["errors"] = [_mistake(outcome) for outcome in mistakes]
        show(total, as_json, "")
        return
    _print([("all", figures), *kinds.items()])
    if names.unknown:
        some = ", ".join(sorted(names.unknown)[:5])
        click.echo(plain(f"{len(names.unknown):,} answers are not in the graph: {some}"))
    for outcome in mistakes:
        click.echo(plain(_mistake_lines(outcome)))


def _print(groups: list[tuple[str, AnswerFigures]]) -> None:
    """Print measures as rows and groups of questions as columns."""
    names, columns = zip(*groups, strict=True)
    rows: list[list[Any]] = [
        ["questions", *(f"{figures.questions:,}" for figures in columns)],
        ["… with an answer", *(f"{figures.answerable:,}" for figures in columns)],
    ]
    for field, title in MEASURES.items():
        digits = 1 if field.endswith("_ms") else 3
        rows.append([title, *(_cell(getattr(figures, field), digits) for figures in columns)])
    show_rows(("", *names), rows, as_json=False)


def _cell(figure: Interval, digits: int) -> str:
    if isnan(figure.mean):
        return "–"
    return f"{figure.mean:.{digits}f} [{figure.low:.{digits}f}, {figure.high:.{digits}f}]"


def _numbers(figures: AnswerFigures) -> dict[str, Any]:
    """Figures for JSON, with None for nan."""
    values = asdict(figures)
    return {
        name: None if isinstance(value, dict) and isnan(value["mean"]) else value
        for name, value in values.items()
    }


def _mistake(outcome: Outcome) -> dict[str, Any]:
    return {
        "verdict": outcome.verdict,
        "kind": outcome.question.kind,
        "right": list(outcome.question.answers),
        "answer": outcome.answer.to_dict(),
    }


def _mistake_lines(outcome: Outcome) -> str:
    """A mistake as text: the question, the right answers, and the answer with its evidence."""
    right = ", ".join(outcome.question.answers) or "unknown"
    answer = outcome.answer.explain().replace("\n", "\n  ")
    return f"\n{outcome.verdict}: {outcome.question.question}\n  right: {right}\n  {answer}"
