"""The parts of an answer: entities, evidence, senses, conflicts, near readings and meanings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.values import ValueKey
from kptm.passages.text_spans import TextSpan

if TYPE_CHECKING:
    from kg.programs import Program
    from kg.types import Literal, Triple


@dataclass(frozen=True, slots=True)
class ScoredEntity:
    """An answer: an entity or a value, and how sure we are.

    Attributes:
        entity: The entity's key; None for a value.
        label: The entity's label; a value for people, as "70,000,000" or "468 km²".
        score: Between 0 and 1.
        value: The value, with its datatype and unit; None for an entity.
        is_span: Whether it is a name as a text writes it, of something that the graph does not
            have.
    """

    entity: str | None
    label: str
    score: float
    value: Literal | None = None
    is_span: bool = False

    @classmethod
    def of(cls, node: str, label: str, score: float) -> ScoredEntity:
        """An answer of an entity's key, or of a value in its place."""
        if isinstance(node, ValueKey):
            return cls(None, label, score, node.literal, isinstance(node, TextSpan))
        return cls(node, label, score)

    @property
    def text(self) -> str:
        """The answer for people: a label, a number with its unit, a date."""
        return self.label

    @property
    def key(self) -> str:
        """What tells it from others: the entity's key, or the value's text as the graph has it."""
        return self.entity if self.value is None else self.value.value  # type: ignore[return-value]  # one of them is


@dataclass(frozen=True, slots=True)
class Span:
    """Characters ``start`` to ``end`` of an evidence's text, and the entity that they name."""

    start: int
    end: int
    entity: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing an answer stands on.

    Attributes:
        kind: "triple", "sentence", "link prediction", "model", "modeledge", "texts", "linking",
            "stale" or "note".
        text: What it says, for people.
        entity: The answer it speaks for, "" where it speaks for none.
        score: How strongly, in the kind's own unit (a probability), 1 for a triple.
        triple: The fact, of a triple.
        sources: Who says so: files or names, of a triple or a sentence.
        revision: The graph's revision that a triple came with.
        spans: What is to be highlighted in ``text``, of a sentence.
    """

    kind: str
    text: str
    entity: str = ""
    score: float = 1.0
    triple: Triple | None = None
    sources: tuple[str, ...] = ()
    revision: int | None = None
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Sense:
    """Another entity that the question's name may mean.

    Attributes:
        entity: Its key.
        label: Its label.
        score: How likely it is meant.
        answers: The labels of what the graph would then answer.
    """

    entity: str
    label: str
    score: float
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A source that would answer otherwise: its kind, and its best entity with label and p."""

    kind: str
    entity: str
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class NearReading:
    """What a refused question may have meant.

    Attributes:
        program: What would be evaluated.
        score: p that it is meant.
        unexplained: The words of the question that it does not explain.
    """

    program: Program
    score: float
    unexplained: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WordMeaning:
    """What a part of a question was understood as.

    Attributes:
        start: Its first character in the question.
        end: The character after its last one.
        text: The part itself.
        kind: "entity", "value", "type", "relation" or "operator".
        means: The key of an entity, relation or type; a value's text; an operator's name.
    """

    start: int
    end: int
    text: str
    kind: str
    means: str
