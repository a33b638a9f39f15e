"""What a question gives back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ScoredEntity:
    """An answer: the entity's key, its label, and how sure we are, between 0 and 1."""

    entity: str
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing an answer stands on.

    Attributes:
        kind: "triple", "link prediction", "model", "modeledge", "linking" or "note".
        text: What it says, for people.
        entity: The answer it speaks for, "" where it speaks for none.
        score: How strongly, in the kind's own unit (a probability), 1 for a triple.
    """

    kind: str
    text: str
    entity: str = ""
    score: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to one question.

    Attributes:
        question: As it was asked.
        entity: The best answer's key, or None for "unknown".
        score: Its score, 0.0 for "unknown".
        answers: The whole set meant, best first; empty for "unknown".
        evidence: What it stands on, strongest first.
        reason: Why there is no answer, "" when there is one.
    """

    question: str
    entity: str | None = None
    score: float = 0.0
    answers: tuple[ScoredEntity, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    reason: str = ""

    def __str__(self) -> str:
        if self.entity is None:
            return f"unknown ({self.reason})"
        return ", ".join(answer.label for answer in self.answers)

    def explain(self) -> str:
        """The answer and its evidence, a line each."""
        lines = [f"{self} ({self.score:.2f})" if self.entity is not None else str(self)]
        lines += [f"  {item.kind}: {item.text}" for item in self.evidence]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """A JSON value."""
        return asdict(self)
