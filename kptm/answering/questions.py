"""What a question means: an entity, and the path of relations from it to what is asked for."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kg.values import ValueKey
from kptm.answering.path_classifier import PathClassifier, masked
from kptm.answering.ranking import Ranking, Sample
from kptm.answering.value_mentions import value_mention, with_values
from kptm.answering.ways import Ways, options
from kptm.linking import LinkedText

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from kg.graph import KnowledgeGraph
    from kg.types import Step
    from kptm.answering.relations import RelationReader
    from kptm.linking import Linker

COUNTED = 100
"""Answers of a reading that are weighed one by one."""
_BRACKETS = re.compile(r"\[(?!MASK\])([^\[\]]+)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One way to understand a question.

    Attributes:
        entity: The entity asked about.
        path: The hops from it to what is asked for.
        link_score: p(entity | mention).
        relation_score: How well the words say the path, between 0 and 1.
        answers: What the graph says, but for entities that the question names beside the one asked about.
        score: All of it together; once a ranking is fitted p that the first answer is right, by this reading or another that has it,
            or where there is no answer that this reading is meant.
        scores: p of each answer, once a ranking is fitted.
    """

    entity: str
    path: tuple[Step, ...]
    link_score: float
    relation_score: float
    answers: tuple[str, ...]
    score: float
    scores: tuple[float, ...] = ()

    @property
    def relation(self) -> str:
        """The relation of the last hop."""
        return self.path[-1].relation

    @property
    def forward(self) -> bool:
        """Whether the last hop leads from head to tail."""
        return self.path[-1].forward


class Topic(NamedTuple):
    """An entity that a question may be about, its types, and the question with a slot for its name."""

    entity: str
    types: tuple[str, ...]
    question: str


class QuestionReader:
    """Understands questions over a graph.

    Args:
        graph: The graph.
        linker: Finds the names.
        relations: Reads relations from words, before anything was learnt.
        paths: What was learnt from answered questions.

    Attributes:
        ranking: Tells which reading is meant.
    """

    def __init__(
        self,
        graph: KnowledgeGraph,
        linker: Linker,
        relations: RelationReader,
        paths: PathClassifier | None = None,
    ) -> None:
        self._graph = graph
        self._linker = linker
        self._ways = Ways(graph, relations)
        self.relations = relations
        self.ranking = Ranking()
        self.take(paths or PathClassifier.empty())

    def take(self, paths: PathClassifier) -> None:
        """Understand questions by what was learnt from now on."""
        self.paths = paths
        self.relations.learn(paths.said)

    def link(self, question: str) -> LinkedText:
        """The question with its names linked, also those that running text would leave alone.

        A name in [brackets] is the one asked about; the brackets are no part of the text that comes back.
        """
        marked = _BRACKETS.search(question)
        if marked is None:
            return with_values(self._graph, self._linker.link(question, threshold=0.0))
        name = marked[1]
        text = f"{question[: marked.start()]}{name}{question[marked.end() :]}"
        found = self._linker.candidates(name)
        exact = [item for item in found if item.entity == name] or found
        start, end = marked.start(), marked.start() + len(name)
        link = value_mention(self._graph, text, start, end, exact)
        return LinkedText(text, () if link is None else (link,))

    def link_many(self, questions: Iterable[str]) -> Iterator[LinkedText]:
        """The same of many, streaming, in their order."""
        for plain, group in groupby(questions, lambda text: _BRACKETS.search(text) is None):
            if plain:
                for document in self._linker.link_many(group, threshold=0.0):
                    yield with_values(self._graph, document)
            else:
                yield from map(self.link, group)

    def topics(self, document: LinkedText) -> list[Topic]:
        """What a linked question may be about."""
        meant = [(key, link) for link in document.links for key in options(link)]
        known = self._graph.entities({key for key, _ in meant})
        return [
            Topic(key, known[key].types, masked(document.text, link.start, link.end))
            for key, link in meant
            if key in known
        ] + [
            Topic(key, (), masked(document.text, link.start, link.end))
            for key, link in meant
            if isinstance(key, ValueKey)
        ]

    def read(self, document: LinkedText) -> list[Reading]:
        """All readings of a linked question, best first."""
        ways, signs, doubt = self._ways.find(document, self.paths)
        own = self.ranking.score(signs, doubt).tolist() if ways else []
        # If a reading is meant all its answers are right: p of an answer is that of all readings that have it.
        said: Counter[str] = Counter()
        for way, p in zip(ways, own, strict=True):
            said.update(dict.fromkeys(way.answers[:COUNTED], p))
        found = []
        for way, p in zip(ways, own, strict=True):
            answers, scores = way.answers, ()
            if answers and self.ranking.count:
                first = sorted(answers[:COUNTED], key=said.__getitem__, reverse=True)
                rest = answers[COUNTED:]
                answers = (*first, *rest)
                scores = (*(said[key] for key in first), *[p] * len(rest))
            score = scores[0] if scores else p
            reading = Reading(
                entity=way.sense.entity,
                path=way.path,
                link_score=way.link_score,
                relation_score=way.words,
                answers=answers,
                score=score,
                scores=scores,
            )
            found.append((-score, -p, len(way.path), way.sense.entity, way.path, reading))
        return [reading for *_, reading in sorted(found, key=lambda item: item[:-1])]

    def sample(self, document: LinkedText, answers: Collection[str]) -> Sample | None:
        """What a ranking can be fitted on of an answered question; None where there is no reading of it."""
        ways, signs, doubt = self._ways.find(document, self.paths)
        if not ways:
            return None
        right = [bool(way.answers) and way.answers[0] in answers for way in ways]
        silent = [not way.answers for way in ways]
        return Sample(signs, doubt, np.array(right), np.array(silent))
