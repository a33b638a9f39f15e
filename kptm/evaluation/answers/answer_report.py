"""What the outcomes of questions say in all and by kind, with intervals."""

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

    Where nothing could be counted an interval is nan over 0 values.

    Attributes:
        questions: How many were asked.
        answerable: How many of them have a right answer.
        hits_at_1: Share of the answerable whose best answer is right.
        exact: Share of the answerable whose set of answers is the right one.
        f1: Mean F1 of the sets of the answerable.
        coverage: Share of all questions that were answered.
        precision: Share of those answered whose best answer is right.
        refused: Share of the unanswerable that were refused.
        calibration_error: Of the scores of those answered
            (:func:`kptm.evaluation.answers.selective_answers.calibration_error`).
        risk_coverage: Area under the risk–coverage curve of all questions; "unknown" counts with
            confidence 0, and as right where there is no answer.
        median_ms: Median time of an answer, in milliseconds.
        p95_ms: The time that 95% of the answers stay under, in milliseconds.
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
        """Count rows of one question each, as :func:`_row` makes them."""
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
    """Outcomes, counted; nothing is kept of them but seven numbers each."""

    def __init__(self) -> None:
        self._rows: list[tuple[float, ...]] = []
        self._kinds: dict[str, list[int]] = defaultdict(list)

    def add(self, outcome: Outcome) -> None:
        """Count an outcome, in all and under its kind."""
        if outcome.question.kind:
            self._kinds[outcome.question.kind].append(len(self._rows))
        self._rows.append(_row(outcome))

    def all(self) -> AnswerFigures:
        """The figures of all questions."""
        return AnswerFigures.of(self._table())

    def by_kind(self) -> dict[str, AnswerFigures]:
        """The figures of each kind, by name; questions without a kind are in none."""
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
    """A figure with its interval, or nan where there is no row."""
    return bootstrap_interval(measure, rows) if len(rows) else interval([])
