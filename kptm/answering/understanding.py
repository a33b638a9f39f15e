"""From a question, in words or by names, to a case that can be decided; or to the answer that says why not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kg.errors import UnknownKeyError
from kg.types import Step
from kptm.answering import naming
from kptm.answering.answer import Answer
from kptm.answering.answer_kinds import asked_kind
from kptm.answering.coverage import telling_words
from kptm.answering.deciding import Case, links_of
from kptm.answering.operators import negation, without_names
from kptm.answering.questions import Reading
from kptm.answering.sources import GRAPH
from kptm.answering.typed_questions import TypedQuestions
from kptm.data.tokenize import MASK

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from kg.graph import KnowledgeGraph
    from kptm.answering.config import PredictorConfig
    from kptm.answering.deciding import Evaluated
    from kptm.answering.parsing.parser import QuestionParser
    from kptm.answering.questions import QuestionReader
    from kptm.linking import LinkedText, Linker

LONGEST = 2_000
"""Characters of a question; whoever has a document links it."""
SHOWN = 5
"""Words that a reason quotes."""
_BLANKS = re.compile(rf"{re.escape(MASK)}(?:\s*{re.escape(MASK)})+")


class Understanding:
    """Makes cases of questions.

    Args:
        graph: The facts.
        linker: Finds what a name may mean.
        reader: Reads clozes.
        parser: Finds the programs that a question in words may ask for.
    """

    def __init__(
        self, graph: KnowledgeGraph, linker: Linker, reader: QuestionReader, parser: QuestionParser
    ) -> None:
        self._graph = graph
        self._linker = linker
        self._reader = reader
        self._relations = naming.RelationNames(graph)
        self._typed = TypedQuestions(graph, parser)

    def in_words(
        self, questions: Sequence[str], chosen: Collection[str], config: PredictorConfig
    ) -> Iterator[Case | Evaluated | Answer]:
        """The cases of questions in words and of clozes, or for each the answer that says why it is none.

        Args:
            questions: Blanks side by side are taken for one.
            chosen: The sources that are asked.
            config: How sure a reading must be.
        """
        for question in questions:
            text = _BLANKS.sub(MASK, question)
            if MASK in text:
                yield self._cloze(question, self._reader.link(text), chosen, config.min_relation)
            else:
                yield self._typed.understand(question, chosen, config.min_stated)

    def _cloze(
        self, question: str, document: LinkedText, chosen: Collection[str], min_relation: float
    ) -> Case | Answer:
        if not document.links:
            names = ", ".join(map(repr, self._unknown_names(document.text)))
            reason = "no name in the question is in the graph" + (f": {names}" if names else "")
            return Answer(question=question, reason=reason, why="name")
        if denied := negation(document):
            return refusal(question, [denied])
        readings = self._reader.read(document)
        best = readings[0] if readings else None
        if best is None or best.relation_score < min_relation:
            return Answer(
                question=question,
                reason=_no_relation(document, best),
                why="relation",
                topic=best.entity if best else document.links[0].entity,
                evidence=links_of(document),
            )
        return Case(question, readings, document, best.answers if GRAPH in chosen else ())

    def _unknown_names(self, text: str) -> list[str]:
        """What looks like a name; words that name a relation, or what every question says, do not."""
        found = naming.unknown_names(text)
        known = self._reader.relations.vocabulary
        return [
            name
            for name in found
            if not name.islower() or any(stem not in known for stem in telling_words(name))
        ]

    def by_names(
        self, head: str | None, relation: str, tail: str | None, chosen: Collection[str]
    ) -> Case:
        """The case of (head, relation, ?) or (?, relation, tail), by keys, labels or aliases.

        Raises:
            UnknownKeyError: The relation or the entity is not in the graph.
        """
        name = head if head is not None else tail
        if name is None or (head is not None and tail is not None):
            raise UnknownKeyError("give a relation and either head or tail")
        name = self._graph.stored_key(name)
        step = Step(self._relations.key(relation), head is not None)
        # What has such a fact is a key, and stands for itself.
        meant = self._meant(name, step)
        readings = [
            Reading(
                entity=entity,
                path=(step,),
                link_score=p,
                relation_score=1.0,
                answers=tuple(self._graph.follow(entity, (step,))),
                score=p,
            )
            for entity, p in meant
        ]
        # A sense that has the fact is meant before one that would have to be guessed about.
        readings.sort(key=lambda item: (not item.answers, -item.score, item.entity))
        question = f"{head or '?'} | {step.relation} | {tail or '?'}"
        return Case(question, readings, None, readings[0].answers if GRAPH in chosen else ())

    def _meant(self, name: str, step: Step) -> list[tuple[str, float]]:
        """What a name of a query means: the key or the value that has such a fact, or else what may be called so."""
        here: list[str] = [name]
        if not step.forward:
            here += naming.value_keys(self._graph, name)
        for node in here:
            if self._graph.follow(node, (step,)):
                return [(node, 1.0)]
        return naming.senses(self._graph, self._linker, name)


def _no_relation(document: LinkedText, best: Reading | None) -> str:
    """Why no relation was read from a question's words."""
    kind = asked_kind(document.text)
    if best is None and kind in ("date", "place"):
        return f"the graph states no {kind} that the question may ask for"
    words = list(telling_words(without_names(document).replace(MASK, " ")).values())
    if not words:
        return "nothing in the question is a relation the graph knows"
    shown = ", ".join(repr(word) for word in words[:SHOWN])
    return f"nothing in the question is a relation the graph knows: {shown}"


def refusal(question: str, words: Collection[str]) -> Answer:
    """The answer that names the words which were not understood."""
    shown = ", ".join(f"{word!r}" for word in words)
    was = "was" if len(words) == 1 else "were"
    return Answer(question=question, reason=f"{shown} {was} not understood", why="words")
