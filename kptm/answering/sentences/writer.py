"""SentenceWriter: writes an answer as a sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from kg.programs import Aggregate, Follow, Intersection, Named, Program, Superlative, parts
from kg.values import ValueKey
from kptm.answering import lexicon
from kptm.answering.questions.naming import RelationNames
from kptm.answering.sentences import grammar
from kptm.answering.sentences.asked_noun import asked_noun
from kptm.answering.sentences.english import English
from kptm.answering.sentences.languages import DEFAULT, MAX_LISTED, language
from kptm.answering.sentences.names import ProgramNames, node_of
from kptm.answering.sentences.phrases.descriptions import ProgramDescriber
from kptm.answering.sentences.phrases.noun_phrases import Listed
from kptm.answering.sentences.templates import Templates
from kptm.answering.sentences.truth import Truth
from kptm.answering.sentences.wording import Wording
from kptm.data.phrasings import Phrasings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kg.graph import KnowledgeGraph
    from kg.types import Step
    from kptm.answering.answer import Answer
    from kptm.answering.answer_parts import ScoredEntity
    from kptm.answering.sentences.languages import SentenceLanguage


MAX_STEPS = 5
"""A program of more steps is not put into words, only its answers: nobody would read it twice."""
_OWN_SCRIPT = ("zh", "ja")
"""Languages that a question's script identifies, without function words."""


class _Speaker(Protocol):
    """Writes clauses about programs in one language; see :class:`English` for the methods."""

    def listing(self, program: Program, listed: Listed, value: str = "") -> str: ...

    def count(self, source: Program, number: str) -> str: ...

    def verdict(self, program: Program, truth: Truth, *, holds: bool) -> str: ...


class SentenceWriter:
    """Writes answers as sentences.

    Args:
        graph: The graph, for labels and the values of superlatives.
        phrasings: The phrasings of relations in the user's texts; by default the labels of
            relations are used.
    """

    def __init__(self, graph: KnowledgeGraph, phrasings: Phrasings | None = None) -> None:
        self._graph = graph
        self._phrasings = phrasings or Phrasings({})
        self._relations = RelationNames(graph)
        self._truth = Truth(graph)

    def complete(self, answer: Answer, code: str | None = None) -> Answer:
        """Add the sentence to an answer, and the labels of all keys in its programs.

        Args:
            answer: The answer.
            code: The language of the sentence, by default that of the question; English for a
                language that is not in ``LANGUAGES``.
        """
        known = language(_language_of(answer) if code is None else code)
        program = answer.program or _of_path(answer)
        programs = [item.program for item in answer.readings]
        programs += [] if program is None else [program]
        shown = [node_of(item) for item in answer.answers[: MAX_LISTED + 1]]
        stated = self._stated_instead(program)
        keys = [*shown, *stated]
        names = ProgramNames(self._graph, self._relations, programs, keys, values=known.values)
        sentence = self._sentence(answer, program, names, known)
        return replace(answer, sentence=sentence, labels={**names.labels(), **answer.labels})

    def _stated_instead(self, program: Program | None) -> tuple[str, ...]:
        from kg.programs import Within

        stated = self._truth.instead(program) if isinstance(program, Within) else None
        return () if stated is None else stated.keys

    def _sentence(
        self, answer: Answer, program: Program | None, names: ProgramNames, known: SentenceLanguage
    ) -> str:
        """The sentence of an answer, a prediction or a refusal."""
        templates = known.sentences
        p = f"{answer.score:.2f}".removeprefix("0")
        if not answer.found:
            if answer.token:
                return templates["predicted"].format(clause=answer.token, p=p)
            return templates["unknown"].format(reason=answer.reason.rstrip("."))
        if answer.description:
            return known.close_sentence(answer.description)
        clause = self._clause(answer, program, names, known)
        if answer.predicted:
            return templates["predicted"].format(clause=clause, p=p)
        return known.close_sentence(clause, names.entities())

    def _clause(
        self, answer: Answer, program: Program | None, names: ProgramNames, known: SentenceLanguage
    ) -> str:
        """The clause that states the answers: by the grammar in English, else by templates."""
        if program is None or _steps(program) > MAX_STEPS:
            return _alone(answer, known)
        wording = Wording(names, self._phrasings, self._truth)
        english = known.code == "en"
        speaker: _Speaker = Templates(names, known)
        if english:
            speaker = English(ProgramDescriber(wording), asked_noun(answer, grammar.english()))
        first = answer.answers[0]
        if _is_truth(first):
            return speaker.verdict(program, self._truth, holds=_is_yes(first))
        if isinstance(program, Aggregate) and program.function == "count":
            return speaker.count(program.source, known.values.number(first.text))
        name = wording.name_with_article if english else names.label
        value = ""
        if isinstance(program, Superlative) and program.count == 1:
            value = self._value(program, first, name, known)
        shown = [name(node_of(item)) for item in answer.answers[: MAX_LISTED + 1]]
        rest = [item.text for item in answer.answers[MAX_LISTED + 1 :]]
        return speaker.listing(
            program,
            Listed([*shown, *rest], node_of(first), "" if rest else _common_type(answer, names)),
            value,
        )

    def _value(
        self,
        program: Superlative,
        first: ScoredEntity,
        name: Callable[[str], str],
        known: SentenceLanguage,
    ) -> str:
        """The value by which a superlative measures its first answer, as text.

        It is "" if the answer has several such values, or is itself a value.
        """
        if first.entity is None:
            return ""
        measure, end = program.measure, _path(Named((first.entity,)), program.measure.steps)
        if measure.adds or measure.since is not None:
            number = self._graph.evaluate(measure.of(Named((first.entity,)))).number
            return "" if number is None else name(ValueKey(number))
        if measure.among is not None:
            end = Intersection(end, measure.among)
        measured = self._graph.evaluate(end, limit=1)
        if measure.count:
            return known.values.number(f"{measured.size:,}")
        return name(measured.nodes[0]) if measured.size == 1 else ""


def _common_type(answer: Answer, names: ProgramNames) -> str:
    """The first type that all answers have, or ""."""
    types = [names.types(node_of(item)) for item in answer.answers]
    return next((kind for kind in types[0] if all(kind in other for other in types)), "")


def _language_of(answer: Answer) -> str:
    """The language in which to answer a question: its own, or English if that is doubtful.

    A language with Latin letters is certain only if the question has one of its function words
    outside of names: "Georgia capital" is not Spanish, and "Los Angeles population" is not either.
    """
    words = lexicon.load()
    code = words.language(answer.question)
    names = [(item.start, item.end) for item in answer.meanings if item.kind == "entity"]
    own = (
        token
        for token in words.tokens(answer.question, code)
        if not any(start <= token.start < end for start, end in names)
    )
    sure = code in _OWN_SCRIPT or any(words.is_function_word(token, code) for token in own)
    return code if sure else DEFAULT


def _of_path(answer: Answer) -> Program | None:
    """The path of an answer as a program; None if the path does not lead to the answers."""
    spoken = {str(item.entity) for item in answer.evidence}
    if not answer.path or not answer.answers or answer.answers[0].key not in spoken:
        return None
    facts = [item.triple for item in answer.evidence if item.triple is not None]
    if len(answer.path) == 1 and any(answer.topic not in (fact.head, fact.tail) for fact in facts):
        return None  # the question has several topics
    return _path(Named((answer.topic,)), answer.path)


def _path(program: Program, steps: Iterable[Step]) -> Program:
    for step in steps:
        program = Follow(program, step)
    return program


def _steps(program: Program) -> int:
    """The number of steps in a program: six for the grandparents by fathers and mothers."""
    return sum(isinstance(part, Follow) for part in parts(program))


def _is_truth(answer: ScoredEntity) -> bool:
    return answer.value is not None and answer.value.datatype.endswith("#boolean")


def _is_yes(answer: ScoredEntity) -> bool:
    return answer.value is not None and answer.value.value == "true"


def _alone(answer: Answer, known: SentenceLanguage) -> str:
    """The clause for an answer without a program, which is only the answer."""
    first = answer.answers[0]
    if _is_truth(first):
        plain = known.sentences.get("plain_yes" if _is_yes(first) else "plain_no")
        return plain or ("yes" if _is_yes(first) else "no")
    return known.list_items([item.text for item in answer.answers])
