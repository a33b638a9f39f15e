"""Aggregates the outcomes of questions, in total and by kind, with intervals."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kptm.evaluation.answers.selective_answers import (
    bootstrap_interval,
    calibration_error,
    risk_coverage_area,
)
from kptm.evaluation.statistics import Interval, interval

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from kptm.evaluation.answers.outcome import Outcome

    Floats = NDArray[np.float64]

COLUMNS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFigures:
    """The figures of a group of questions.

    A figure without any question to count is nan over 0 values.

    Attributes:
        questions: The number of questions.
        answerable: The number of questions with a right answer.
        hits_at_1: The share of answerable questions whose best answer is right.
        exact: The share of answerable questions whose set of answers is exactly right.
        f1: The mean F1 of the sets of answers, over answerable questions.
        coverage: The share of all questions that were answered.
        precision: The share of answered questions whose best answer is right.
        refused: The share of unanswerable questions that were refused.
        calibration_error: The expected calibration error of the scores of answered questions
            (:func:`kptm.evaluation.answers.selective_answers.calibration_error`).
        risk_coverage: The area under the risk–coverage curve of all questions; "unknown" has
            confidence 0, and is right if there is no answer.
        median_ms: The median time of an answer, in milliseconds.
        p95_ms: The 95th percentile of the time of an answer, in milliseconds.
    """

    questions: int
    answerable: int
    hits_at_1: Interval
    exact: Interval
    f1: Interval
    coverage: Interval
    precision: Interval
    refused: Interval
    calibration_error: Interval
    risk_coverage: Interval
    median_ms: Interval
    p95_ms: Interval

    @classmethod
    def of(cls, rows: Floats) -> AnswerFigures:
        """Compute the figures from one row per question, as :func:`_row` makes them."""
        answerable, answered = rows[:, 0] == 1, rows[:, 1] == 1
        return cls(
            questions=len(rows),
            answerable=int(answerable.sum()),
            hits_at_1=interval(rows[answerable, 2].tolist()),
            exact=interval(rows[answerable, 3].tolist()),
            f1=interval(rows[answerable, 4].tolist()),
            coverage=interval(rows[:, 1].tolist()),
            precision=interval(rows[answered, 2].tolist()),
            refused=interval((1 - rows[~answerable, 1]).tolist()),
            calibration_error=_over(_calibration, rows[answered]),
            risk_coverage=_over(_risk, rows),
            median_ms=_over(lambda table: float(np.median(table[:, 6])), rows),
            p95_ms=_over(lambda table: float(np.percentile(table[:, 6], 95)), rows),
        )


class AnswersReport:
    """Collects outcomes, each as seven numbers, and computes figures."""

    def __init__(self) -> None:
        self._rows: list[tuple[float, ...]] = []
        self._kinds: dict[str, list[int]] = defaultdict(list)

    def add(self, outcome: Outcome) -> None:
        """Add an outcome."""
        if outcome.question.kind:
            self._kinds[outcome.question.kind].append(len(self._rows))
        self._rows.append(_row(outcome))

    def all(self) -> AnswerFigures:
        """The figures of all questions."""
        return AnswerFigures.of(self._table())

    def by_kind(self) -> dict[str, AnswerFigures]:
        """The figures of each kind of question, by name."""
        table = self._table()
        return {kind: AnswerFigures.of(table[rows]) for kind, rows in sorted(self._kinds.items())}

    def _table(self) -> Floats:
        return np.asarray(self._rows, np.float64).reshape(-1, COLUMNS)


def _row(outcome: Outcome) -> tuple[float, ...]:
    """Answerable, answered, hit, exact, F1, score, milliseconds."""
    return (
        float(outcome.answerable),
        float(outcome.answered),
        float(outcome.hit),
        float(outcome.exact),
        outcome.f1,
        outcome.answer.score if outcome.answered else 0.0,
        outcome.seconds * 1_000,
    )


def _calibration(rows: Floats) -> float:
    return calibration_error(rows[:, 5], rows[:, 2])


def _risk(rows: Floats) -> float:
    refused_rightly = (1 - rows[:, 0]) * (1 - rows[:, 1])
    return risk_coverage_area(rows[:, 5], rows[:, 2] + refused_rightly)


def _over(measure: Callable[[Floats], float], rows: Floats) -> Interval:
    """A figure with its interval; nan without rows."""
    return bootstrap_interval(measure, rows) if len(rows) else interval([])
