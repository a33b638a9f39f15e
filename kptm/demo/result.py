"""What the demonstration found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from kptm.answering import Answer
    from kptm.demo.measure import Measured


@dataclass(slots=True)
class DemoResult:
    """What the demonstration found.

    Attributes:
        report: The path of the page.
        measured: P@1 with intervals, by arm and split.
        answers: The example questions, answered.
        before: The answer before the edit.
        after: The answer after it.
        stages: (name, seconds).
    """

    report: Path
    measured: Measured
    answers: list[Answer]
    before: Answer
    after: Answer
    stages: list[tuple[str, float]] = field(default_factory=list)
