"""The outcome of one question: its answer compared with the right answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from kptm.answering import Answer
    from kptm.examples.world_reader import WorldQuestion

Verdict: TypeAlias = Literal["right", "other set", "wrong", "refused", "should be unknown"]
"""The verdict on an answer.

"right": the whole set is right, or "unknown" is; "other set": the best answer is right, but the set
is not; "wrong": the best answer is wrong; "refused": "unknown" although there is an answer; "should
be unknown": an answer although there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A question with its answer, compared with the right answers.

    Attributes:
        question: The question with its right answers as written.
        answer: The answer.
        hit: Whether the best answer is right.
        precision: The share of the answers that are right; 0 without answers.
        recall: The share of the right answers that were given; 0 without right answers.
        seconds: The time to answer, in seconds.
    """

    question: WorldQuestion
    answer: Answer
    hit: bool
    precision: float
    recall: float
    seconds: float

    @property
    def answered(self) -> bool:
        """Whether an answer was given; a mere word of the model does not count."""
        return self.answer.found

    @property
    def answerable(self) -> bool:
        """Whether there is a right answer."""
        return bool(self.question.answers)

    @property
    def exact(self) -> bool:
        """Whether the set of answers is exactly the right one."""
        return self.precision == self.recall == 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    @property
    def verdict(self) -> Verdict:
        """The verdict on the answer."""
        if not self.answerable:
            return "should be unknown" if self.answered else "right"
        if not self.answered:
            return "refused"
        if not self.hit:
            return "wrong"
        return "right" if self.exact else "other set"
