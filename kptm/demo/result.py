"""The results of the demonstration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from kptm.answering import Answer
    from kptm.demo.measure import Measured


@dataclass(slots=True)
class DemoResult:
    """The results of the demonstration.

    Attributes:
        report: The path of the report.
        measured: P@1 with intervals, by arm and split.
        answers: The answers to the example questions.
        before: The answer before the edit.
        after: The answer after the edit.
        stages: (name, seconds) of each stage.
    """

    report: Path
    measured: Measured
    answers: list[Answer]
    before: Answer
    after: Answer
    stages: list[tuple[str, float]] = field(default_factory=list)
