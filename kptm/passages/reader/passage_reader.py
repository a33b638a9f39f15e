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

MAX_PASSAGES = 16
"""The maximum number of passages that are read for a question."""
MIN_P = 0.01
"""The minimum p of an answer."""


@dataclass(frozen=True, slots=True)
class AnswerPlace:
    """A place that states an answer.

    Attributes:
        passage: The passage.
        topic: The span of the topic.
        answer: The span of the answer.
        p: The probability that the place states the answer.
    """

    passage: Passage
    topic: tuple[int, int]
    answer: tuple[int, int]
    p: float


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """An answer that was read in passages.

    Attributes:
        node: An entity's key, a value, or a name that the graph lacks.
        p: The summed probability of all places.
        places: The places, the most probable first.
    """

    node: str
    p: float
    places: tuple[AnswerPlace, ...]


class Reader:
    """Reads answers in the passages of a graph.

    Args:
        graph: The graph, with the passages in its database.
        model: The fitted weights.
    """

    def __init__(self, graph: KnowledgeGraph, model: ReaderModel) -> None:
        self._graph = graph
        self.model = model

    def answers(self, question: TopicStep) -> list[ReadAnswer]:
        """The answers in passages, best first; the p of no answer is 1 minus the sum of their p."""
        question = question._replace(values=self.model.values.get(question.way, 0.0))
        with self._graph.database.reading() as sql:
            words = " ".join(name_words(question.name))
            hits = search(sql, words, [question.topic], limit=MAX_PASSAGES)
            passages = [read(item) for item in _distinct(hits)]
            known = known_of(self._graph, sql, passages) if passages else None
        rows = rows_of(question, passages, known) if known is not None else []
        if not rows:
            return []
        p, _ = self.model.probabilities(rows, question.way)
        return self._join_rows(rows, p.tolist())

    def _join_rows(self, rows: list[Row], p: list[float]) -> list[ReadAnswer]:
        """Join the rows of each node to an answer, except entities that the graph has lost."""
        positions: dict[str, list[AnswerPlace]] = {}
        for row, value in zip(rows, p, strict=True):
            topic, answer = row.topic, row.answer
            place = AnswerPlace(
                row.read.passage, (topic.start, topic.end), (answer.start, answer.end), value
            )
            positions.setdefault(row.node, []).append(place)
        keys = [row.node for row in rows if row.answer.kind == "entity"]
        missing = set(keys) - self._graph.entities(keys).keys()
        answers = [
            ReadAnswer(
                node,
                sum(place.p for place in of_node),
                tuple(sorted(of_node, key=lambda place: (-place.p, place.passage.id))),
            )
            for node, of_node in positions.items()
            if node not in missing
        ]
        answers.sort(key=lambda item: (-item.p, item.node))
        return [item for item in answers if item.p >= MIN_P]


def _distinct(passages: list[Passage]) -> list[Passage]:
    """The passages without those that repeat a text, as another source may have it."""
    return list({item.text: item for item in reversed(passages)}.values())[::-1]
