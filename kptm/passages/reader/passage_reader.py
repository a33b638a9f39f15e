"""Reads answers in passages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kptm.passages.passage_search import search
from kptm.passages.reader.answer_pairs import name_words, rows_of
from kptm.passages.reader.distant import known_of
from kptm.passages.reader.mention_words import read

if TYPE_CHECKING:
    from kg.graph import KnowledgeGraph
    from kptm.passages.passage_records import Passage
    from kptm.passages.reader.answer_pairs import Row, TopicStep
    from kptm.passages.reader.reader_model import ReaderModel

PASSAGES = 16
"""The most passages that are read for a question."""
LEAST = 0.01
"""The least p of an answer."""


@dataclass(frozen=True, slots=True)
class AnswerPlace:
    """A place that states an answer: the passage, the spans of topic and answer, and its p."""

    passage: Passage
    topic: tuple[int, int]
    answer: tuple[int, int]
    p: float


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """An answer of passages.

    Attributes:
        node: An entity's key, a value, or a name that the graph lacks.
        p: The summed probability of all its places.
        places: Its places, surest first.
    """

    node: str
    p: float
    places: tuple[AnswerPlace, ...]


class Reader:
    """Reads answers out of the passages of a graph.

    Args:
        graph: The graph, with the passages in its database.
        model: The fitted weights.
    """

    def __init__(self, graph: KnowledgeGraph, model: ReaderModel) -> None:
        self._graph = graph
        self.model = model

    def answers(self, question: TopicStep) -> list[ReadAnswer]:
        """The answers in passages, best first; 1 less the sum of p is for none of them."""
        question = question._replace(values=self.model.values.get(question.way, 0.0))
        with self._graph.database.reading() as sql:
            words = " ".join(name_words(question.name))
            found = search(sql, words, [question.topic], limit=PASSAGES)
            passages = [read(item) for item in _distinct(found)]
            known = known_of(self._graph, sql, passages) if passages else None
        rows = rows_of(question, passages, known) if known is not None else []
        if not rows:
            return []
        p, _ = self.model.probabilities(rows, question.way)
        return self._join_rows(rows, p.tolist())

    def _join_rows(self, rows: list[Row], p: list[float]) -> list[ReadAnswer]:
        """Join the rows of each node; an entity that is no longer in the graph is left out."""
        places: dict[str, list[AnswerPlace]] = {}
        for row, value in zip(rows, p, strict=True):
            topic, answer = row.topic, row.answer
            place = AnswerPlace(
                row.read.passage, (topic.start, topic.end), (answer.start, answer.end), value
            )
            places.setdefault(row.node, []).append(place)
        keys = [row.node for row in rows if row.answer.kind == "entity"]
        known = self._graph.entities(keys)
        gone = set(keys) - known.keys()
        found = [
            ReadAnswer(
                node,
                sum(place.p for place in own),
                tuple(sorted(own, key=lambda place: (-place.p, place.passage.id))),
            )
            for node, own in places.items()
            if node not in gone
        ]
        found.sort(key=lambda item: (-item.p, item.node))
        return [item for item in found if item.p >= LEAST]


def _distinct(passages: list[Passage]) -> list[Passage]:
    """Each text once, whatever its source."""
    return list({item.text: item for item in reversed(passages)}.values())[::-1]
