"""One question that was asked, compared with its right answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from kptm.answering import Answer
    from kptm.examples.world_reader import WorldQuestion

Verdict: TypeAlias = Literal["right", "other set", "wrong", "refused", "should be unknown"]
"""What came of a question.

"right": the whole set, or "unknown" where that is right; "other set": the best answer is right, the
set is not; "refused": "unknown" where there is an answer; "should be unknown": an answer where
there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One question, asked.

    Attributes:
        question: The question with its right answers as they were given.
        answer: What came back.
        hit: Whether the best answer is one of the right ones.
        precision: The share of the answers given that are right; 0 without any.
        recall: The share of the right answers that were given; 0 without any.
        seconds: How long the answer took.
    """

    question: WorldQuestion
    answer: Answer
    hit: bool
    precision: float
    recall: float
    seconds: float

    @property
    def answered(self) -> bool:
        """Whether an entity was answered; a model's word alone is none."""
        return self.answer.found

    @property
    def answerable(self) -> bool:
        """Whether there is a right answer."""
        return bool(self.question.answers)

    @property
    def exact(self) -> bool:
        """Whether the set of answers is the right one, neither more nor less."""
        return self.precision == self.recall == 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    @property
    def verdict(self) -> Verdict:
        """What came of it, in a word."""
        if not self.answerable:
            return "should be unknown" if self.answered else "right"
        if not self.answered:
            return "refused"
        if not self.hit:
            return "wrong"
        return "right" if self.exact else "other set"
