"""Replaces the labels of an answer by those of another language; the answer itself stays."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kptm.answering.evidence.citations import DOUBTED, fact_text
from kptm.answering.questions.naming import RelationNames
from kptm.answering.sentences.writer import SentenceWriter

if TYPE_CHECKING:
    from kg.graph import KnowledgeGraph
    from kptm.answering.answer import Answer
    from kptm.answering.answer_parts import Evidence
    from kptm.data.phrasings import Phrasings


class AnswerLabels:
    """Replaces labels, and the sentence that contains them, by those of other languages.

    Args:
        graph: A graph that returns labels in these languages.
        phrasings: The phrasings of relations in the user's texts.
    """

    def __init__(self, graph: KnowledgeGraph, phrasings: Phrasings | None = None) -> None:
        self._graph, self._relations = graph, RelationNames(graph)
        self._writer = SentenceWriter(graph, phrasings)

    def relabel(self, answer: Answer, code: str | None = None) -> Answer:
        """The answer with labels in the languages of the graph.

        Args:
            answer: The answer.
            code: The language of the sentence, by default that of the question.
        """
        keys = {*answer.labels, *(item.entity for item in answer.answers if item.entity)}
        keys |= {item.entity for item in answer.senses}
        keys |= {item.entity for item in answer.conflicts}
        keys |= {key for item in answer.evidence for key in item.triple or ()}
        labels = {key: entity.label for key, entity in self._graph.entities(sorted(keys)).items()}
        labels |= self._relations.labels(
            sorted({item.triple.relation for item in answer.evidence if item.triple is not None}
                   | {step.relation for step in answer.path})
        )  # fmt: skip
        relabelled = replace(
            answer,
            answers=tuple(
                replace(item, label=labels.get(item.entity or "", item.label))
                for item in answer.answers
            ),
            senses=tuple(
                replace(item, label=labels.get(item.entity, item.label)) for item in answer.senses
            ),
            conflicts=tuple(
                replace(item, label=labels.get(item.entity, item.label))
                for item in answer.conflicts
            ),
            evidence=tuple(_evidence(item, labels) for item in answer.evidence),
            labels={key: labels.get(key, label) for key, label in answer.labels.items()},
        )
        return self._writer.complete(relabelled, code)


def _evidence(item: Evidence, labels: dict[str, str]) -> Evidence:
    """The evidence with these labels if it is a fact; the text of other evidence stays."""
    if item.triple is None:
        return item
    doubt = item.text.partition(DOUBTED)[1:]
    return replace(item, text=fact_text(item.triple, labels) + "".join(doubt))
