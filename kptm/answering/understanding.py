"""From a question, in words or by names, to a case that can be decided; or to the answer that says why not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kg.errors import UnknownKeyError
from kg.types import Step
from kptm.answering import naming
from kptm.answering.answer import Answer
from kptm.answering.deciding import Case, links_of
from kptm.answering.questions import Reading
from kptm.answering.sources import GRAPH
from kptm.data.tokenize import MASK

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from kg.graph import KnowledgeGraph
    from kptm.answering.questions import QuestionReader
    from kptm.linking import LinkedText, Linker

_BLANKS = re.compile(rf"{re.escape(MASK)}(?:\s*{re.escape(MASK)})+")


class Understanding:
    """Makes cases of questions.

    Args:
        graph: The facts.
        linker: Finds what a name may mean.
        reader: Reads questions in words.
    """

    def __init__(self, graph: KnowledgeGraph, linker: Linker, reader: QuestionReader) -> None:
        self._graph = graph
        self._linker = linker
        self._reader = reader
        self._relations = naming.RelationNames(graph)

    def in_words(
        self, questions: Sequence[str], chosen: Collection[str], min_relation: float
    ) -> Iterator[Case | Answer]:
        """The cases of questions in words and of clozes, or for each the answer that says why it is none.

        Args:
            questions: Blanks side by side are taken for one.
            chosen: The sources that are asked.
            min_relation: How well the words must say a relation; of ranked facts their p decides, later.
        """
        texts = [_BLANKS.sub(MASK, question) for question in questions]
        documents = self._reader.link_many(texts)
        for question, document in zip(questions, documents, strict=True):
            yield self._case(question, document, chosen, min_relation)

    def _case(
        self,
        question: str,
        document: LinkedText,
        chosen: Collection[str],
        min_relation: float,
    ) -> Case | Answer:
        if not document.links:
            names = ", ".join(map(repr, naming.unknown_names(document.text)))
            reason = "no name in the question is in the graph" + (f": {names}" if names else "")
            return Answer(question=question, reason=reason, why="name")
        readings = self._reader.read(document)
        best = readings[0] if readings else None
        ranked = best is not None and GRAPH in chosen and bool(best.scores)
        if best is None or (not ranked and best.relation_score < min_relation):
            return Answer(
                question=question,
                reason="nothing in the question is a relation the graph knows",
                why="relation",
                topic=best.entity if best else document.links[0].entity,
                evidence=links_of(document),
            )
        return Case(question, readings, document, best.answers if GRAPH in chosen else ())

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
