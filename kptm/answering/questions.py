"""What a question means: an entity, a relation, and which end is asked for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kptm.answering.relations import question_words
from kptm.data.tokenize import MASK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.graph import KnowledgeGraph
    from kptm.answering.relations import RelationReader
    from kptm.linking import Link, LinkedText, Linker

MAX_RELATIONS = 5
SAMPLE = 300
"""Triples of a relation that its typical heads and tails are read from."""
NO_FACT, WRONG_TYPE = 0.35, 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One way to understand a question.

    Attributes:
        entity: The entity asked about.
        relation: The relation asked for.
        forward: True when the entity is the head and tails are asked for.
        link_score: p(entity | mention).
        relation_score: How well the words say the relation, between 0 and 1.
        answers: What the graph says.
        score: All of it together.
    """

    entity: str
    relation: str
    forward: bool
    link_score: float
    relation_score: float
    answers: tuple[str, ...]
    score: float


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
        found = [
            reading for link in document.links for reading in self._about(question, document, link)
        ]
        return sorted(found, key=lambda item: (-item.score, item.entity, item.relation))

    def _about(self, question: str, document: LinkedText, link: Link) -> Iterator[Reading]:
        # The other names stay in the words: "Which river flows into the Dead Sea?" has "river".
        rest = f"{question[: link.start]} {question[link.end :]}".replace(MASK, " ")
        own = self._graph.entities([link.entity])[link.entity]
        # "the song Waterloo": what the entity is says nothing about what is asked of it.
        explained = question_words(f"{' '.join(own.types)} {own.description}")
        words = [word for word in question_words(rest) if word not in explained]
        senses = link.candidates or ()
        options = {candidate.entity: candidate.prior for candidate in senses}
        options.setdefault(link.entity, link.score)
        blank = question.find(MASK)
        for relation, relation_score in self.relations.score(words)[:MAX_RELATIONS]:
            for entity, link_score in options.items():
                for forward in (True, False):
                    answers = self._facts(entity, relation, forward)
                    fit = 1.0 if answers else NO_FACT
                    if not answers and not self._fits(entity, relation, forward):
                        fit *= WRONG_TYPE
                    if blank >= 0:
                        tail = self.relations.blank_is_tail(relation, words, link.start < blank)
                        fit *= 0.5 if tail is not None and tail != forward else 1.0
                    elif not forward:
                        fit *= 0.9  # asked in words, "the R of X" is the common form
                    yield Reading(
                        entity=entity,
                        relation=relation,
                        forward=forward,
                        link_score=link_score,
                        relation_score=relation_score,
                        answers=answers,
                        score=link_score**0.5 * relation_score * fit,
                    )

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
