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
    """An answer: an entity or a value, with its score.

    Attributes:
        entity: The entity's key; None for a value.
        label: The entity's label, or the value as text, for example "70,000,000" or "468 km²".
        score: The probability that the answer is right, between 0 and 1.
        value: The value, with its datatype and unit; None for an entity.
        is_span: Whether the answer is a name from a text that no entity of the graph has.
    """

    entity: str | None
    label: str
    score: float
    value: Literal | None = None
    is_span: bool = False

    @classmethod
    def of(cls, node: str, label: str, score: float) -> ScoredEntity:
        """Create the answer for a node, which is the key of an entity or a value."""
        if isinstance(node, ValueKey):
            return cls(None, label, score, node.literal, isinstance(node, TextSpan))
        return cls(node, label, score)

    @property
    def text(self) -> str:
        """The answer as text: a label, a number with its unit, a date."""
        return self.label

    @property
    def key(self) -> str:
        """The identity of the answer: the entity's key, or the value's text in the graph."""
        return self.entity if self.value is None else self.value.value  # type: ignore[return-value]  # one of them is


@dataclass(frozen=True, slots=True)
class Span:
    """A span in the text of a piece of evidence, from ``start`` to ``end``, with its entity."""

    start: int
    end: int
    entity: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A piece of evidence for an answer.

    Attributes:
        kind: "triple", "sentence", "link prediction", "model", "modeledge", "texts", "linking",
            "stale" or "note".
        text: The evidence in words.
        entity: The key of the answer that it supports; "" if it supports none.
        score: Its strength, whose unit depends on the kind: a probability, a cosine, or for a
            triple the confidence of its sources, which is 1 by default.
        triple: The fact, for a triple.
        sources: Files or names of sources, for a triple or a sentence; for a model that is not the
            workspace's own, its name.
        revision: The graph's revision that added the triple.
        spans: The spans to highlight in ``text``, for a sentence.
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
        entity: The key of the entity.
        label: The label of the entity.
        score: The probability that the name means this entity.
        answers: The labels of the graph's answers for this entity.
    """

    entity: str
    label: str
    score: float
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A source with a different answer: the kind of the source, and its best entity with its p."""

    kind: str
    entity: str
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class NearReading:
    """A reading that a refused question may have meant.

    Attributes:
        program: The program of the reading.
        score: The probability that the question means this program.
        unexplained: The words of the question that the program does not explain.
    """

    program: Program
    score: float
    unexplained: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WordMeaning:
    """The understood meaning of a part of a question.

    Attributes:
        start: The position of its first character in the question.
        end: The position after its last character.
        text: The text of the part.
        kind: "entity", "value", "type", "rows", "relation" or "operator".
        means: The key of an entity, relation or type; a value's text; the expression that denotes
            rows of a table ("has:clay"); an operator's name.
    """

    start: int
    end: int
    text: str
    kind: str
    means: str
