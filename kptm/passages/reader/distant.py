"""Distant supervision (Mintz et al. 2009): questions about the graph's facts, with passages."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kg.store.read.roles import roles_of
from kg.values import ValueKey
from kptm.passages import passage_rows
from kptm.passages.reader.answer_pairs import Known, TopicStep, rows_of
from kptm.passages.reader.mention_words import read
from kptm.passages.text_spans import same_value

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from kg.graph import KnowledgeGraph
    from kg.sql.cursor import Sql
    from kptm.passages.passage_records import Passage
    from kptm.passages.reader.answer_pairs import Row
    from kptm.passages.reader.mention_words import ReadPassage

MAX_QUESTIONS_PER_RELATION, MAX_QUESTIONS = 400, 9_000
"""The maximum number of questions per relation and direction, and in all."""
MAX_PASSAGES = 2
"""The maximum number of passages per question: with an answer, and without one."""
MIN_LINK_P = 0.02
"""The minimum probability of a link to the topic."""
QUESTIONS_PER_HIDDEN = 12
"""One in this many questions has its answers presented as unknown names."""


@dataclass(slots=True)
class Taught:
    """A question with its answers in the graph, and its rows.

    Attributes:
        question: The question.
        answers: The answers: keys of entities, and values.
        rows: The candidates in the passages of the question.
        right: Whether each row is an answer.
    """

    question: TopicStep
    answers: frozenset[str]
    rows: list[Row] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)

    @property
    def place(self) -> int:
        """A pseudo-random number for sampling questions, the same in each run."""
        return place_of(self.question)


def place_of(question: TopicStep) -> int:
    """A hash of a question."""
    name = f"{question.topic}\x1f{question.way}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(name).digest()[:8], "big")


def make_questions(graph: KnowledgeGraph) -> list[Taught]:
    """Make questions that the graph answers, with the rows of their passages, sorted by hash."""
    with graph.database.reading() as sql:
        query = (
            "SELECT DISTINCT l.entity FROM passage_link l JOIN passage g ON g.id = l.passage_id"
            " WHERE g.live = 1 AND l.p >= ?"
        )
        linked = {key for (key,) in sql.stream(query, (MIN_LINK_P,))}
        questions = _sample(_questions(graph, linked))
        positions = _places(sql, {item.question.topic for item in questions})
        chosen = _choose(sql, questions, positions)
        ids = sorted({number for numbers in chosen for number in numbers})
        passages = {passage.id: read(passage) for passage in _fetch(sql, ids)}
        known = known_of(graph, sql, passages.values())
    for item, numbers in zip(questions, chosen, strict=True):
        of_item = [passages[number] for number in numbers if number in passages]
        hidden = item.place % QUESTIONS_PER_HIDDEN == 0
        item.rows = rows_of(item.question, of_item, known, answers=item.answers, hidden=hidden)
        item.right = [is_right(row, item.answers, hidden=hidden) for row in item.rows]
    return [item for item in questions if item.rows]


def is_right(row: Row, answers: Collection[str], *, hidden: bool = False) -> bool:
    """Whether a row is one of the answers."""
    if row.answer.kind == "entity":
        return row.node in answers
    if row.answer.kind == "value":
        values = [item.literal for item in answers if isinstance(item, ValueKey)]
        return any(same_value(row.answer.literals, value) for value in values)
    return hidden and any(sense.node in answers for sense in row.answer.senses)


def known_of(graph: KnowledgeGraph, sql: Sql, passages: Collection[ReadPassage]) -> Known:
    """The graph's knowledge of all mentions in passages."""
    keys = sorted(
        {
            sense.node
            for passage in passages
            for mention in passage.mentions
            if mention.kind == "entity"
            for sense in mention.senses
        }
    )
    entities = graph.entities(keys)
    types = {key: entity.types for key, entity in entities.items() if entity.types}
    return Known(roles_of(sql, keys), types)


def _questions(graph: KnowledgeGraph, linked: set[str]) -> Iterator[Taught]:
    """Yield all questions about the entities of ``linked`` that the graph answers."""
    names = {item.key: item.label for item in graph.relations()}
    answers: dict[TopicStep, set[str]] = defaultdict(set)
    for fact in graph.match():
        name = names.get(fact.relation, fact.relation)
        if fact.head in linked:
            answers[TopicStep(fact.head, fact.relation, True, name)].add(fact.tail)
        if fact.tail in linked:
            answers[TopicStep(fact.tail, fact.relation, False, name)].add(fact.head)
    for item in graph.attributes():
        if item.head in linked:
            name = names.get(item.relation, item.relation)
            step = TopicStep(item.head, item.relation, True, name)
            answers[step].add(ValueKey(item.value))
    count: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for question, keys in answers.items():
        count[question.way][0] += len(keys)
        count[question.way][1] += sum(isinstance(key, ValueKey) for key in keys)
    for question, keys in answers.items():
        total, values = count[question.way]
        yield Taught(question._replace(values=values / total), frozenset(keys))


def _sample(questions: Iterator[Taught]) -> list[Taught]:
    """Draw questions, at most the same number for each relation and direction."""
    by_way: dict[str, list[Taught]] = defaultdict(list)
    for item in questions:
        by_way[item.question.way].append(item)
    each = max(8, min(MAX_QUESTIONS_PER_RELATION, MAX_QUESTIONS // max(1, len(by_way))))
    drawn = []
    for way in sorted(by_way):
        drawn += sorted(by_way[way], key=lambda item: item.place)[:each]
    return sorted(drawn, key=lambda item: item.place)


def _places(sql: Sql, topics: Collection[str]) -> dict[str, list[int]]:
    """The live passages of each topic, those with the most probable link first."""
    listed, parameter = sql.values(sorted(topics))
    query = (
        "SELECT l.entity, l.passage_id FROM passage_link l JOIN passage g ON g.id = l.passage_id"
        f" WHERE g.live = 1 AND l.p >= ? AND l.entity IN {listed}"
        " GROUP BY l.entity, l.passage_id ORDER BY max(l.p) DESC, l.passage_id"
    )
    passages_of: dict[str, list[int]] = defaultdict(list)
    for entity, number in sql.all(query, (MIN_LINK_P, parameter)):
        passages_of[entity].append(number)
    return passages_of


def _choose(
    sql: Sql, questions: Sequence[Taught], places: Mapping[str, Sequence[int]]
) -> list[list[int]]:
    """Choose the passages of each question: some that name an answer, and some others."""
    answers = {key for item in questions for key in item.answers if not isinstance(key, ValueKey)}
    passages_of = {key: set(numbers) for key, numbers in _places(sql, answers).items()}
    chosen = []
    for item in questions:
        of_topic = places.get(item.question.topic, ())
        of_answers = set().union(*(passages_of.get(key, set()) for key in item.answers))
        with_answer = [number for number in of_topic if number in of_answers][:MAX_PASSAGES]
        others = [number for number in of_topic if number not in of_answers][:MAX_PASSAGES]
        chosen.append(with_answer + others)
    return chosen


def _fetch(sql: Sql, ids: Sequence[int]) -> Iterator[Passage]:
    for i in range(0, len(ids), passage_rows.PASSAGES_PER_STATEMENT):
        yield from passage_rows.fetch(
            sql, dict.fromkeys(ids[i : i + passage_rows.PASSAGES_PER_STATEMENT], 0.0)
        )
