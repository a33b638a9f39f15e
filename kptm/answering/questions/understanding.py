"""Turns a question in words, or a query by names, into a reading to answer, or refuses it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kg.errors import UnknownKeyError
from kg.types import Step
from kptm.answering.deciding import Case
from kptm.answering.questions import naming
from kptm.answering.questions.path_reading import Reading
from kptm.answering.questions.typed_questions import TypedQuestions
from kptm.answering.sources.source import GRAPH
from kptm.data.tokenize import MASK

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from kg.graph import KnowledgeGraph
    from kg.programs import Period
    from kptm.answering.answer import Answer
    from kptm.answering.config import PredictorConfig
    from kptm.answering.deciding import Evaluated
    from kptm.answering.parsing.parser import QuestionParser
    from kptm.linking import LinkedText, Linker

MAX_QUESTION_CHARACTERS = 2_000
"""The maximum number of characters of a question; longer texts can only be linked."""
_BLANKS = re.compile(rf"{re.escape(MASK)}(?:\s*{re.escape(MASK)})+")


class Understanding:
    """Turns questions and queries into cases, from which answers are built.

    Args:
        graph: The graph.
        linker: Links names to entities.
        parser: Parses questions into programs.
    """

    def __init__(self, graph: KnowledgeGraph, linker: Linker, parser: QuestionParser) -> None:
        self._graph = graph
        self._linker = linker
        self._parser = parser
        self._relations = naming.RelationNames(graph)
        self._typed = TypedQuestions(graph, parser)

    def in_words(
        self,
        questions: Sequence[str],
        chosen: Collection[str],
        config: PredictorConfig,
        at: Period | None = None,
    ) -> Iterator[Case | Evaluated | Answer]:
        """Yield the case of each question or cloze, its evaluated program, or its refusal.

        Args:
            questions: The questions; adjacent blanks are read as one.
            chosen: The sources to ask.
            config: The settings, with the least p of a reading.
            at: The period for questions that state none.
        """
        least = config.min_learnt if self._parser.model.count else config.min_stated
        for question in questions:
            yield self._typed.understand(_BLANKS.sub(MASK, question), chosen, least, at)

    def link(self, text: str) -> LinkedText:
        """Link the name in [brackets], or else all names of a text.

        If no name is found, the text is linked again in any letter case.
        """
        question = self._parser.read(text)
        if question.marked:
            return self._typed.link_brackets(question)
        linked = self._linker.link(question.text, threshold=0.0)
        return (
            linked
            if linked.links
            else self._linker.link(question.text, threshold=0.0, any_case=True)
        )

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
        meant = self._meanings_of_name(name, step)
        readings = [
            Reading(
                entity=entity,
                path=(step,),
                link_score=p,
                answers=tuple(answers),
                score=p,
            )
            for entity, p, answers in meant
        ]
        # A sense with such a fact comes before senses for which the fact must be predicted.
        readings.sort(key=lambda item: (not item.answers, -item.score, item.entity))
        question = f"{head or '?'} | {step.relation} | {tail or '?'}"
        return Case(question, readings, None, readings[0].answers if GRAPH in chosen else ())

    def _meanings_of_name(self, name: str, step: Step) -> list[tuple[str, float, list[str]]]:
        """The nodes that a name may mean, each with its p and the nodes that the step leads to.

        A key or value that has such a fact comes before entities with this label or alias.
        """
        if answers := self._graph.follow(name, (step,)):
            return [(name, 1.0, answers)]
        for node in () if step.forward else naming.value_keys(self._graph, name):
            if answers := self._graph.follow(node, (step,)):
                return [(node, 1.0, answers)]
        return [
            (entity, p, self._graph.follow(entity, (step,)))
            for entity, p in naming.senses(self._graph, self._linker, name)
        ]
