"""From a question, in words or by names, to a case to decide, or to the refusal."""

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

LONGEST = 2_000
"""Characters of a question; whoever has a document links it."""
_BLANKS = re.compile(rf"{re.escape(MASK)}(?:\s*{re.escape(MASK)})+")


class Understanding:
    """Makes cases of questions.

    Args:
        graph: The facts.
        linker: Finds what a name may mean.
        parser: Finds the programs that a question may ask for.
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
        """The cases of questions in words and clozes, or for each the refusal that says why.

        Args:
            questions: Blanks side by side are taken for one.
            chosen: The sources that are asked.
            config: How sure a reading must be.
            at: The time that is asked about, where a question says none.
        """
        least = config.min_learnt if self._parser.model.count else config.min_stated
        for question in questions:
            yield self._typed.understand(_BLANKS.sub(MASK, question), chosen, least, at)

    def link(self, text: str) -> LinkedText:
        """The names of a text, in any case if it has none; a name in [brackets] alone."""
        question = self._parser.read(text)
        if question.marked:
            return self._typed.link_brackets(question)
        found = self._linker.link(question.text, threshold=0.0)
        return (
            found if found.links else self._linker.link(question.text, threshold=0.0, any_case=True)
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
        # What has such a fact is a key, and stands for itself.
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
        # A sense that has the fact is meant before one that would have to be guessed about.
        readings.sort(key=lambda item: (not item.answers, -item.score, item.entity))
        question = f"{head or '?'} | {step.relation} | {tail or '?'}"
        return Case(question, readings, None, readings[0].answers if GRAPH in chosen else ())

    def _meanings_of_name(self, name: str, step: Step) -> list[tuple[str, float, list[str]]]:
        """What a name of a query means, with p and where the step leads from there.

        That is the key or the value that has such a fact, or else what may be called so.
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
