"""What a question means: an entity, and the path of relations from it to what is asked for."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kg.values import ValueKey
from kptm.answering.coverage import worth
from kptm.answering.path_classifier import PathClassifier, masked
from kptm.answering.question_names import QuestionNames
from kptm.answering.ranking import Ranking, Sample
from kptm.answering.value_mentions import value_mention, with_values
from kptm.answering.ways import Ways, options
from kptm.linking import LinkedText

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from kg.graph import KnowledgeGraph
    from kg.types import Step
    from kptm.answering.relations import RelationReader
    from kptm.answering.ways import Way
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
        clear: How completely the question's words and the names of the path say each other, between 0 and 1.
        unexplained: The question's words that the path does not explain, as they are written.
        narrowing: Words that narrow down what is asked for and that nothing was learnt from.
        share: What the reading is worth, of 1, by what it leaves of the question's names and of those words.
        mention: Where the question names the entity; (0, 0) where it came as a name.
    """

    entity: str
    path: tuple[Step, ...]
    link_score: float
    relation_score: float
    answers: tuple[str, ...]
    score: float
    scores: tuple[float, ...] = ()
    clear: float = 1.0
    unexplained: tuple[str, ...] = ()
    narrowing: tuple[str, ...] = ()
    share: float = 1.0
    mention: tuple[int, int] = (0, 0)

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
        self._names = QuestionNames(graph, linker, lambda: relations.vocabulary)
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
            return with_values(
                self._graph, self._names.link(self._linker.link(question, threshold=0.0))
            )
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
                    yield with_values(self._graph, self._names.link(document))
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
        own = self._p(ways, self.ranking.score(signs, doubt).tolist()) if ways else []
        # If a reading is meant all its answers are right: p of an answer is that of all readings that have it.
        said: Counter[str] = Counter()
        for way, p in zip(ways, own, strict=True):
            said.update(dict.fromkeys(way.answers[:COUNTED], p))
        found = []
        for way, p in zip(ways, own, strict=True):
            answers: tuple[str, ...] = way.answers
            scores: tuple[float, ...] = ()
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
                clear=way.clear,
                unexplained=way.unexplained,
                narrowing=way.narrowing,
                mention=way.mention,
            )
            found.append((-score, -p, len(way.path), way.sense.entity, way.path, reading))
        return [reading for *_, reading in sorted(found, key=lambda item: item[:-1])]

    def _p(self, ways: Sequence[Way], fitted: list[float]) -> list[float]:
        """P of each way; of relations that no question taught it is what it was before anything was learnt.

        What was learnt compares the paths that it was shown. Words that it never saw, and that name another relation, say
        nothing against that one.
        """
        if not self.ranking.count or not self.paths.paths:
            return fitted
        untaught = [way.untaught * worth(way.clear) * way.link_score * way.told for way in ways]
        most = max(untaught)
        return [max(p * (1 - most), other) for p, other in zip(fitted, untaught, strict=True)]

    def between(self, document: LinkedText) -> list[Reading]:
        """The readings of one hop by which a question with two names may relate them, each with all that the graph says."""
        ways = self._ways.by_names(document, self.paths)
        found = [
            Reading(
                entity=way.sense.entity,
                path=way.path,
                link_score=way.link_score,
                relation_score=way.words,
                answers=tuple(way.found),
                score=way.words * way.link_score,
                clear=way.clear,
                unexplained=way.unexplained,
                mention=way.mention,
            )
            for way in ways
        ]
        return sorted(found, key=lambda item: (-item.score, item.entity, item.path))

    def explains(self, noun: str, reading: Reading) -> bool | None:
        """Whether a noun says what a reading's answers are; None where no type of theirs is known."""
        return self._ways.explains(noun, reading.path, reading.answers)

    def sample(self, document: LinkedText, answers: Collection[str]) -> Sample | None:
        """What a ranking can be fitted on of an answered question; None where there is no reading of it."""
        ways, signs, doubt = self._ways.find(document, self.paths)
        if not ways:
            return None
        right = [bool(way.answers) and way.answers[0] in answers for way in ways]
        silent = [not way.answers for way in ways]
        return Sample(signs, doubt, np.array(right), np.array(silent))
