"""What a question means: an entity, a relation, and which end is asked for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from kg.types import Step
from kptm.answering.relations import question_words
from kptm.data.tokenize import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg.graph import KnowledgeGraph
    from kptm.answering.relations import RelationReader
    from kptm.linking import Link, LinkedText, Linker

MAX_RELATIONS = 5
SAMPLE = 300
"""Triples of a relation that its typical heads and tails are read from."""
NO_FACT, WRONG_TYPE = 0.35, 0.2
OTHER_SENSE, OTHER_TYPE = 1 / 3, 1 / 9
"""Of senses that the question describes less than another: "the planet Mercury" is not the god."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One way to understand a question.

    Attributes:
        entity: The entity asked about.
        path: The hops from it to what is asked for.
        link_score: p(entity | mention).
        relation_score: How well the words say the path, between 0 and 1.
        answers: What the graph says.
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


class _Sense(NamedTuple):
    """A sense of a name: what it leaves of the question's words, and how well it is described."""

    entity: str
    words: list[str]
    fit: float


class QuestionReader:
    """Understands questions over a graph."""

    def __init__(self, graph: KnowledgeGraph, linker: Linker, relations: RelationReader) -> None:
        self._graph = graph
        self._linker = linker
        self.relations = relations
        self._types: dict[tuple[str, bool], Counter[str]] = {}

    def link(self, question: str) -> LinkedText:
        """The question with its names linked."""
        return self._linker.link(question)

    def read(self, question: str, document: LinkedText) -> list[Reading]:
        """All readings, best first."""
        found = [reading for link in document.links for reading in self._about(question, link)]
        return sorted(found, key=lambda item: (-item.score, item.entity, item.path))

    def _about(self, question: str, link: Link) -> Iterator[Reading]:
        # The other names stay in the words: "Which river flows into the Dead Sea?" has "river".
        rest = f"{question[: link.start]} {question[link.end :]}".replace(MASK, " ")
        words = question_words(rest)
        options = {candidate.entity: candidate.prior for candidate in link.candidates}
        options.setdefault(link.entity, link.score)
        blank = question.find(MASK)
        for sense in self._senses(options, words):
            entity, link_score = sense.entity, options[sense.entity]
            for relation, relation_score in self.relations.score(sense.words)[:MAX_RELATIONS]:
                for forward in (True, False):
                    answers = self._facts(entity, relation, forward)
                    fit = sense.fit if answers else NO_FACT * sense.fit
                    if not answers and not self._fits(entity, relation, forward):
                        fit *= WRONG_TYPE
                    if blank >= 0:
                        before = link.start < blank
                        tail = self.relations.blank_is_tail(relation, sense.words, before)
                        fit *= 0.5 if tail is not None and tail != forward else 1.0
                    elif not forward:
                        fit *= 0.9  # asked in words, "the R of X" is the common form
                    yield Reading(
                        entity=entity,
                        path=(Step(relation, forward),),
                        link_score=link_score,
                        relation_score=relation_score,
                        answers=answers,
                        score=link_score**0.5 * relation_score * fit,
                    )

    def _senses(self, options: Iterable[str], words: list[str]) -> list[_Sense]:
        """What each sense leaves of the words, and how well the others describe it.

        "the song Waterloo": what the entity is says nothing about what is asked of it.
        """
        asked, found = set(words), []
        for key, entity in self._graph.entities(options).items():
            types = asked & set(question_words(" ".join(entity.types)))
            described = types | asked & set(question_words(entity.description))
            left = [word for word in words if word not in described]
            # "the capital Paris is the capital of": a relation's name may be a description, too.
            found.append((key, left if self.relations.score(left) else words, described, types))
        most = max((len(described) for _, _, described, _ in found), default=0)
        typed = any(types for _, _, described, types in found if len(described) == most)
        less = OTHER_TYPE if typed else OTHER_SENSE
        return [
            _Sense(key, left, 1.0 if len(described) == most else less)
            for key, left, described, _ in found
        ]

    def _facts(self, entity: str, relation: str, forward: bool) -> tuple[str, ...]:
        if forward:
            return tuple(item.tail for item in self._graph.match(entity, relation))
        return tuple(item.head for item in self._graph.match(None, relation, entity))

    def _fits(self, entity: str, relation: str, forward: bool) -> bool:
        """Whether entities of this one's types stand on that side of the relation."""
        key = (relation, forward)
        if key not in self._types:
            sample = []
            for item in self._graph.match(None, relation):
                sample.append(item.head if forward else item.tail)
                if len(sample) == SAMPLE:
                    break
            counts: Counter[str] = Counter()
            for found in self._graph.entities(sample).values():
                counts.update(found.types)
            self._types[key] = counts
        own = self._graph.entities([entity])
        types = own[entity].types if entity in own else ()
        return not types or any(self._types[key][kind] for kind in types)
