"""What a question gives back."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, overload

from kg.programs import Program, readable
from kg.types import Literal as Value
from kg.types import Step, Triple
from kg.values import ValueKey
from kptm.passages.text_spans import TextSpan

Why = Literal["", "name", "relation", "words", "fact", "disagreement", "doubt", "uncalibrated"]
"""Why there is no answer; "" when there is one. "words" stands for words that were not understood."""
PREDICTED = "predicted: "
"""What every predicted answer begins with."""

__all__ = [
    "Answer", "Conflict", "Evidence", "NearReading", "ScoredEntity", "Sense", "Span", "Step", "Triple", "WordMeaning",
]  # fmt: skip


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
    value: Value | None = None
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
    """A part of an evidence's text that names an entity: characters ``start`` to ``end``, and its key."""

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
    """Another entity that the question's name may mean: how likely, and the labels of what the graph would then answer."""

    entity: str
    label: str
    score: float
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A source that would answer otherwise: its kind, its best entity, that one's label and p."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to one question.

    Attributes:
        question: As it was asked.
        entity: The best answer's key; None for "unknown", and where the answer is a value.
        score: Its calibrated score, 0.0 for "unknown".
        answers: The whole set meant, best first; empty for "unknown".
        evidence: What it stands on, strongest first.
        reason: Why there is no answer, "" when there is one.
        why: The same as a word: the "name" is not in the graph, no "relation" was understood, there
            is no such "fact", a "disagreement" of the sources, or "doubt", the score is below the
            threshold.
        topic: The key of the entity that was asked about, "" where none was found.
        path: The hops from it to the answers.
        senses: What else its name may mean.
        conflicts: Sources that would answer otherwise.
        token: The model's word for a ``[MASK]`` that no entity fits, "" otherwise.
        description: What is stated of the entity, of a question that is a name and no more; ""
            otherwise.
        predicted: Whether no fact states the answer: it is a guess, and ``score`` how often such
            guesses are right.
        labels: The labels of the topic, of the path's relations and of what the programs name, by
            key.
        program: What was evaluated; None where nothing was.
        sentence: The answer in words, in the question's language.
        meanings: What the parts of the question were understood as, in their order.
        readings: The nearest readings of a refused question, best first.
        unexplained: Words of the question that no part of the reading explains.
    """

    question: str
    entity: str | None = None
    score: float = 0.0
    answers: tuple[ScoredEntity, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    reason: str = ""
    why: Why = ""
    topic: str = ""
    path: tuple[Step, ...] = ()
    senses: tuple[Sense, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    token: str = ""
    description: str = ""
    predicted: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    program: Program | None = None
    sentence: str = ""
    meanings: tuple[WordMeaning, ...] = ()
    readings: tuple[NearReading, ...] = ()
    unexplained: tuple[str, ...] = ()

    @property
    def expression(self) -> str:
        """The program with labels in place of keys, "" where nothing was evaluated."""
        return "" if self.program is None else self.expression_of(self.program)

    def expression_of(self, program: Program) -> str:
        """A program with this answer's labels in place of keys."""
        return readable(program, lambda key: self.labels.get(key, key))

    @property
    def found(self) -> bool:
        """Whether there is an answer, an entity or a value; a model's word alone is none."""
        return bool(self.answers)

    @property
    def text(self) -> str:
        """The best answer for people: a label, a number with its unit, a date; "" for "unknown"."""
        return self.answers[0].text if self.answers else ""

    def __str__(self) -> str:
        if not self.found:
            return f"{PREDICTED}{self.token}" if self.token else f"unknown ({self.reason})"
        said = self.description or ", ".join(answer.label for answer in self.answers)
        return f"{PREDICTED}{said}" if self.predicted else said

    @overload
    def explain(self, form: Literal["text", "html"] = "text", *, reading: bool = False) -> str: ...

    @overload
    def explain(self, form: Literal["dict"], *, reading: bool = False) -> dict[str, Any]: ...

    def explain(
        self, form: Literal["text", "dict", "html"] = "text", *, reading: bool = False
    ) -> str | dict[str, Any]:
        """The answer, how it was found and its evidence.

        Args:
            form: As lines of text, as a JSON value, or as a piece of HTML.
            reading: Whether text and HTML say how the question was read too: the program that was
                evaluated, and what each part of the question was understood as.
        """
        from kptm.answering.evidence import explanation as explaining

        if form == "dict":
            return self.to_dict()
        write = explaining.as_html if form == "html" else explaining.as_text
        return write(self, reading=reading)

    def _repr_html_(self) -> str:
        return self.explain("html")

    def to_dict(self) -> dict[str, Any]:
        """A JSON value; programs are their expressions."""
        plain = replace(self, program=None, readings=())
        found = asdict(plain)
        del found["program"]
        found["expression"] = self.expression
        found["readings"] = [
            {
                "expression": self.expression_of(reading.program),
                "score": reading.score,
                "unexplained": reading.unexplained,
            }
            for reading in self.readings
        ]
        return found
