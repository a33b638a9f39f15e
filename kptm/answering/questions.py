"""What a question means: an entity, and the path of relations from it to what is asked for."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from kg.types import Step
from kptm.answering.path_classifier import PathClassifier, masked
from kptm.answering.words import question_words
from kptm.data.tokenize import MASK
from kptm.linking import Link, LinkedText
from kptm.linking.text import fold

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from kg.graph import KnowledgeGraph
    from kptm.answering.relations import RelationReader
    from kptm.linking import Linker

    Steps = tuple[Step, ...]

MAX_RELATIONS = 5
MAX_PATHS = 5
UNLIKELY = 0.02
"""p of a learnt path below which it is not tried."""
SAMPLE = 300
"""Triples of a relation that its typical heads and tails are read from."""
NO_FACT, WRONG_TYPE = 0.35, 0.2
NAMED = 0.3
"""p from which on an entity is named by a mention."""
BACKWARD = 0.9
"""Of a question whose direction nobody taught and no phrasing shows: "the R of X" is the common form."""
OTHER_SENSE, OTHER_TYPE = 1 / 3, 1 / 9
"""Of senses that the question describes less than another: "the planet Mercury" is not the god."""
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
        score: All of it together.
    """

    entity: str
    path: tuple[Step, ...]
    link_score: float
    relation_score: float
    answers: tuple[str, ...]
    score: float

    @property
    def relation(self) -> str:
        """The relation of the last hop."""
        return self.path[-1].relation

    @property
    def forward(self) -> bool:
        """Whether the last hop leads from head to tail."""
        return self.path[-1].forward


class Topic(NamedTuple):
    """An entity that a question may be about, and the question with a slot for its name."""

    entity: str
    question: str


class _Sense(NamedTuple):
    """A sense of a name: what it leaves of the question's words, and which of them are its types or describe it."""

    entity: str
    types: tuple[str, ...]
    words: list[str]
    described: set[str]
    typed: set[str]


class QuestionReader:
    """Understands questions over a graph.

    Args:
        graph: The graph.
        linker: Finds the names.
        relations: Reads relations from words, before anything was learnt.
        paths: What was learnt from answered questions.
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
        self.relations = relations
        self.take(paths or PathClassifier.empty())
        self._types: dict[Step, Counter[str]] = {}

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
            return self._linker.link(question, threshold=0.0)
        name = marked[1]
        text = f"{question[: marked.start()]}{name}{question[marked.end() :]}"
        found = self._linker.candidates(name)
        exact = [item for item in found if item.entity == name] or found
        if not exact:
            return LinkedText(text)
        start, end = marked.start(), marked.start() + len(name)
        return LinkedText(
            text, (Link(start, end, name, exact[0].entity, exact[0].prior, tuple(exact)),)
        )

    def link_many(self, questions: Iterable[str]) -> Iterator[LinkedText]:
        """The same of many, streaming, in their order."""
        for plain, group in groupby(questions, lambda text: _BRACKETS.search(text) is None):
            if plain:
                yield from self._linker.link_many(group, threshold=0.0)
            else:
                yield from map(self.link, group)

    def read(self, document: LinkedText) -> list[Reading]:
        """All readings of a linked question, best first."""
        named = self._named(document.links)
        found = [
            reading
            for number, link in enumerate(document.links)
            for reading in self._about(
                document.text, link, {key for key, mention in named.items() if mention != number}
            )
        ]
        return sorted(found, key=lambda item: (-item.score, len(item.path), item.entity, item.path))

    def _named(self, links: Sequence[Link]) -> dict[str, int]:
        """The entities that a question names in full, with the number of the mention."""
        if len(links) < 2:
            return {}
        meant = {
            key: number
            for number, link in enumerate(links)
            for key, p in _options(link).items()
            if p >= NAMED
        }
        found = self._graph.entities(meant)
        return {
            key: number
            for key, number in meant.items()
            if key in found and fold(found[key].label) == fold(links[number].surface)
        }

    def topics(self, document: LinkedText) -> list[Topic]:
        """What a linked question may be about."""
        return [
            Topic(entity, masked(document.text, link.start, link.end))
            for link in document.links
            for entity in _options(link)
        ]

    def _about(self, question: str, link: Link, named: Collection[str]) -> Iterator[Reading]:
        # The other names stay in the words: "Which river flows into the Dead Sea?" has "river".
        rest = f"{question[: link.start]} {question[link.end :]}".replace(MASK, " ")
        options = _options(link)
        blank = question.find(MASK)
        before = None if blank < 0 else link.start < blank
        learnt = self._learnt(masked(question, link.start, link.end))
        senses = self._senses(options, question_words(rest))
        for sense in senses:
            paths = self._told(sense.words, before)
            for path, p in learnt:
                # Either may be right. Learnt words say the direction, too: the hint is needed without them.
                told, hint = paths.get(path, (0.0, 1.0))
                paths[path] = (1 - (1 - told) * (1 - p), p + (1 - p) * hint)
            for path, (relation_score, hint) in paths.items():
                # What a question names it does not ask for: "Valencia, the capital of Carabobo, …".
                found = self._graph.follow(sense.entity, path)
                answers = tuple(key for key in found if key not in named)
                fit = self._described(sense, senses, path) * hint * (1.0 if answers else NO_FACT)
                if not answers and (found or not self._fits(sense.types, path[0])):
                    fit *= WRONG_TYPE
                yield Reading(
                    entity=sense.entity,
                    path=path,
                    link_score=options[sense.entity],
                    relation_score=relation_score,
                    answers=answers,
                    score=options[sense.entity] ** 0.5 * relation_score * fit,
                )

    def _learnt(self, question: str) -> list[tuple[Steps, float]]:
        """The likely paths of a question with its slot, p times the share of its words that were learnt."""
        known = self.paths.known(question)
        found = self.paths.score(question)[:MAX_PATHS] if known else []
        return [(path, known * p) for path, p in found if p >= UNLIKELY]

    def _told(self, words: list[str], before: bool | None) -> dict[Steps, tuple[float, float]]:
        """Paths of one hop that the words say by names and phrasings: how well, and how the direction fits.

        Args:
            words: The question's words.
            before: Whether the name stands before the blank, None without one.
        """
        found: dict[Steps, tuple[float, float]] = {}
        for relation, score in self.relations.score(words)[:MAX_RELATIONS]:
            for forward in (True, False):
                hint = 1.0 if forward else BACKWARD
                if before is not None:
                    tail = self.relations.blank_is_tail(relation, words, before)
                    hint = hint if tail is None else 1.0 if tail == forward else 0.5
                found[Step(relation, forward),] = (score, hint)
        return found

    def _senses(self, options: Iterable[str], words: list[str]) -> list[_Sense]:
        """What each sense leaves of the words.

        "the song Waterloo": what the entity is says nothing about what is asked of it.
        """
        asked, found = set(words), []
        for entity in self._graph.entities(options).values():
            typed = asked & set(question_words(" ".join(entity.types)))
            described = typed | asked & set(question_words(entity.description))
            left = [word for word in words if word not in described]
            # "the capital Paris is the capital of": a relation's name may be a description, too.
            kept = left if self.relations.score(left) else words
            found.append(_Sense(entity.key, entity.types, kept, described, typed))
        return found

    def _described(self, sense: _Sense, senses: Sequence[_Sense], path: Steps) -> float:
        """How well the question describes a sense, beside the others: 1 if none better.

        The names of the relations that are asked for describe nobody: "the largest city of Djibouti" may be the country.
        """
        said = {word for step in path for word in self.relations.name(step.relation)}
        most = max(len(other.described - said) for other in senses)
        if len(sense.described - said) == most:
            return 1.0
        best = [other for other in senses if len(other.described - said) == most]
        return OTHER_TYPE if any(other.typed - said for other in best) else OTHER_SENSE

    def _fits(self, types: tuple[str, ...], step: Step) -> bool:
        """Whether entities of one of these types stand where the step starts."""
        if step not in self._types:
            sample = []
            for item in self._graph.match(None, step.relation):
                sample.append(item.head if step.forward else item.tail)
                if len(sample) == SAMPLE:
                    break
            counts: Counter[str] = Counter()
            for found in self._graph.entities(sample).values():
                counts.update(found.types)
            self._types[step] = counts
        return not types or any(self._types[step][kind] for kind in types)


def _options(link: Link) -> dict[str, float]:
    """What a link's name may mean, with p."""
    options = {candidate.entity: candidate.prior for candidate in link.candidates}
    options.setdefault(link.entity, link.score)
    return options
