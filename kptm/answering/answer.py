"""The answer to a question: its entities and values, evidence, explanation, and JSON form."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, overload

from kg.programs import Program, readable
from kptm.answering.evidence.explanation import Group, Line, as_html, as_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.types import Step
    from kptm.answering.answer_parts import (
        Conflict,
        Evidence,
        NearReading,
        ScoredEntity,
        Sense,
        WordMeaning,
    )

Why = Literal["", "name", "relation", "words", "fact", "disagreement", "doubt", "uncalibrated"]
"""Codes for the reason of a refusal; "" for an answer. ``Answer.why`` describes them."""
PREDICTED = "predicted: "
"""The text of a predicted answer begins with this."""
HEADINGS = {
    "triple": "facts",
    "sentence": "sentences",
    "link prediction": "link prediction",
    "model": "model",
    "modeledge": "modeledge",
    "texts": "texts",
    "linking": "names",
    "note": "notes",
    "stale": "stale",
}
"""The heading for each kind of evidence, in order; other kinds follow under their own names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to one question.

    Attributes:
        question: The question as it was asked.
        entity: The key of the best answer; None for "unknown" and for a value.
        score: The calibrated score of the best answer; 0.0 for "unknown".
        answers: All answers, best first; empty for "unknown".
        evidence: The evidence, strongest first.
        reason: Why there is no answer, in words; "" if there is one.
        why: The reason as a code. "name": no name in the question is in the graph. "relation": no
            relation was understood. "words": some words were not understood. "fact": the graph has
            no such fact. "disagreement": the sources disagree. "doubt": the score is below the
            threshold. "uncalibrated": it is not known how often predictions are right.
        topic: The key of the entity in the question; "" if there is none.
        path: The hops from the topic to the answers.
        senses: Other entities that the topic's name may mean.
        conflicts: Sources with a different answer.
        token: The model's word for a ``[MASK]`` that no entity fits; "" otherwise.
        description: Facts about the entity, if the question is only a name; "" otherwise.
        predicted: Whether the answer is a prediction that no fact states; ``score`` is then the
            rate at which such predictions are right.
        labels: Labels by key, for the topic, the path's relations and the names in programs.
        program: The evaluated program, or None.
        sentence: The answer in words, in the question's language.
        meanings: The understood parts of the question, in order.
        readings: The nearest readings of a refused question, best first.
        unexplained: The words of the question that its reading does not explain.
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
        """The program with labels in place of keys; "" without a program."""
        return "" if self.program is None else self.expression_of(self.program)

    def expression_of(self, program: Program) -> str:
        """A program with this answer's labels in place of keys."""
        return readable(program, lambda key: self.labels.get(key, key))

    @property
    def found(self) -> bool:
        """Whether there is an answer, which is an entity or a value; ``token`` does not count."""
        return bool(self.answers)

    @property
    def text(self) -> str:
        """The best answer as text: a label, a number with its unit, a date; "" for "unknown"."""
        return self.answers[0].text if self.answers else ""

    def __str__(self) -> str:
        if not self.found:
            return f"{PREDICTED}{self.token}" if self.token else f"unknown ({self.reason})"
        text = self.description or ", ".join(answer.label for answer in self.answers)
        return f"{PREDICTED}{text}" if self.predicted else text

    @overload
    def explain(self, form: Literal["text", "html"] = "text", *, reading: bool = False) -> str: ...

    @overload
    def explain(self, form: Literal["dict"], *, reading: bool = False) -> dict[str, Any]: ...

    def explain(
        self, form: Literal["text", "dict", "html"] = "text", *, reading: bool = False
    ) -> str | dict[str, Any]:
        """Explain the answer: how it was found, and its evidence.

        Args:
            form: "text", a JSON value, or a piece of HTML.
            reading: Whether text and HTML also show the evaluated program and the meanings assigned
                to the parts of the question.
        """
        if form == "dict":
            return self.to_dict()
        groups = _outline(self, reading=reading)
        return as_html(_headline(self), groups) if form == "html" else as_text(_head(self), groups)

    def _repr_html_(self) -> str:
        return self.explain("html")

    def to_dict(self) -> dict[str, Any]:
        """The answer as a JSON value, in which programs are written as expressions."""
        plain = replace(self, program=None, readings=())
        value = asdict(plain)
        del value["program"]
        value["expression"] = self.expression
        value["readings"] = [
            {
                "expression": self.expression_of(reading.program),
                "score": reading.score,
                "unexplained": reading.unexplained,
            }
            for reading in self.readings
        ]
        return value


def _head(answer: Answer) -> list[str]:
    """The first lines of the explanation: the answer with its score, then its sentence."""
    if answer.found and answer.sentence and not answer.predicted:
        return [f"{answer} ({answer.score:.2f})", f"  {answer.sentence}"]
    return [_headline(answer)]


def _headline(answer: Answer) -> str:
    """The answer in words with its score, which the sentence of a prediction already contains."""
    if not answer.found:
        return answer.sentence or str(answer)
    if answer.sentence and answer.predicted:
        return answer.sentence
    return f"{answer.sentence or answer} ({answer.score:.2f})"


def _outline(answer: Answer, *, reading: bool) -> Iterator[Group]:
    """Yield the groups of an explanation: path, reading, evidence, conflicts and other senses."""
    if answer.path:
        yield Group("asked", [Line(path_in_words(answer))])
    if reading:
        yield from _reading(answer)
    if answer.readings:
        readings = [
            Line(f"{answer.expression_of(item.program)}, p = {item.score:.2f}{_without(item)}")
            for item in answer.readings
        ]
        yield Group("may have meant", readings)
    grouped: dict[str, list[Line]] = {kind: [] for kind in HEADINGS}
    for item in answer.evidence:
        grouped.setdefault(item.kind, []).append(Line(item.text, item.spans, _origin(item)))
    for kind, lines in grouped.items():
        if lines:
            yield Group(HEADINGS.get(kind, kind), lines)
    if answer.conflicts:
        conflicts = [
            Line(f"{item.kind}: {item.label} ({item.entity}), p = {item.score:.2f}")
            for item in answer.conflicts
        ]
        yield Group("would be answered otherwise by", conflicts)
    if answer.senses:
        senses = [
            Line(f"{item.label} ({item.entity}): {', '.join(item.answers) or 'nothing is known'}")
            for item in answer.senses
        ]
        yield Group("if another is meant", senses)


def _reading(answer: Answer) -> Iterator[Group]:
    """Yield the evaluated program, the understood parts, and the unexplained words."""
    if answer.expression:
        yield Group("evaluated", [Line(answer.expression)])
    if answer.meanings:
        understood = [
            Line(f"{item.text!r} is the {item.kind} {with_key(answer, item.means)}")
            for item in answer.meanings
        ]
        yield Group("understood", understood)
    if answer.unexplained:
        yield Group("not understood", [Line(", ".join(map(repr, answer.unexplained)))])


def _without(reading: NearReading) -> str:
    words = ", ".join(map(repr, reading.unexplained))
    return f", without {words}" if words else ""


def path_in_words(answer: Answer) -> str:
    """The path as text, with an arrow in the direction of each hop's facts: "Peru —capital→ ?"."""
    hops = [
        f"—{label}→" if step.forward else f"←{label}—"
        for step in answer.path
        for label in (with_key(answer, step.relation),)
    ]
    return f"{with_key(answer, answer.topic)} {' · '.join(hops)} ?"


def with_key(answer: Answer, key: str) -> str:
    """The label of a key, followed by the key if they differ."""
    label = answer.labels.get(key, key)
    return label if key in (label, label.replace(" ", "_")) else f"{label} ({key})"


def _origin(item: Evidence) -> str:
    parts = list(item.sources)
    if item.revision is not None and item.triple is not None:
        parts.append(f"revision {item.revision}")
    return ", ".join(parts)
