"""All ways to understand a question: an entity that it names and a path of relations, with the signs that speak for each."""

from __future__ import annotations

from functools import cache
from math import log
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kg.types import Step
from kptm.answering import kinds
from kptm.answering.path_classifier import masked
from kptm.answering.ranking import Doubt, Signs
from kptm.answering.senses import better_described, senses
from kptm.answering.words import question_words
from kptm.data.tokenize import MASK
from kptm.linking.text import fold

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from kg.graph import KnowledgeGraph
    from kptm.answering.path_classifier import PathClassifier
    from kptm.answering.relations import RelationReader
    from kptm.answering.senses import Described, Sense
    from kptm.linking import Link, LinkedText

    Steps = tuple[Step, ...]

MAX_RELATIONS, MAX_PATHS = 5, 20
UNLIKELY = 0.005
"""p of a learnt path below which it is not tried."""
NAMED = 0.3
"""p from which on an entity is named by a mention."""
BACKWARD = 0.9
"""Of a question whose direction nobody taught and no phrasing shows: "the R of X" is the common form."""
OF_LEARNT, OF_NAMES, OF_BOTH, OF_NOBODY = 1e-4, 0.02, 1e-3, 0.01
"""What is added before a logarithm is taken, of what was learnt, what names say, both together, and that nobody knows."""


class Way(NamedTuple):
    """A way to understand a question.

    Attributes:
        sense: The entity asked about, as a sense of its name.
        first: Whether its name is the first that the question has.
        link_score: p(entity | mention).
        path: The hops from it to what is asked for.
        told: How well names and phrasings say the path, between 0 and 1.
        learnt: p(path | words) of what was learnt.
        seen: The share of the words that were learnt from.
        direction: How well a cloze's side fits the path's direction.
        better: What the question describes better of another sense.
        found: What the graph says.
        answers: The same, of the kind that is asked for, but for what the question names beside the entity.
    """

    sense: Sense
    first: bool
    link_score: float
    path: Steps
    told: float
    learnt: float
    seen: float
    direction: float
    better: Described
    found: list[str]
    answers: tuple[str, ...]

    @property
    def words(self) -> float:
        """How well the words say the path: by names or by what was learnt, either may be right."""
        return 1 - (1 - self.told) * (1 - self.seen * self.learnt)


class Ways:
    """Finds the ways to understand linked questions.

    Args:
        graph: The graph.
        relations: Reads relations from words.
    """

    def __init__(self, graph: KnowledgeGraph, relations: RelationReader) -> None:
        self._graph = graph
        self._relations = relations
        self._kinds = kinds.Kinds(graph, relations.names)

    def find(
        self, document: LinkedText, paths: PathClassifier
    ) -> tuple[list[Way], NDArray[np.float64], Doubt]:
        """All ways, their signs, shape (ways, signs), and what speaks for none of them."""
        named = self._named(document.links)
        ways: list[Way] = []
        strange, nobody = 1.0, 1.0
        for number, link in enumerate(document.links):
            others = {key for key, mention in named.items() if mention != number}
            more, unseen, unknown = self._about(document, link, paths, others)
            ways += more
            strange, nobody = min(strange, unseen), min(nobody, unknown)
        self._kinds.refresh()
        asked = self._kinds.asked(document.text, {way.path[-1] for way in ways})
        shown = {key for way in ways for key in way.answers[: kinds.LOOKED_AT]} if asked else ()
        known = self._kinds.of(shown)
        ways = [way._replace(answers=kinds.narrowed(way.answers, asked, known)) for way in ways]
        doubt = Doubt(strange, log(nobody + OF_NOBODY))
        return ways, self._signs(ways, asked, known), doubt

    def _named(self, links: Sequence[Link]) -> dict[str, int]:
        """The entities that a question names in full, with the number of the mention."""
        if len(links) < 2:
            return {}
        meant = {
            key: number
            for number, link in enumerate(links)
            for key, p in options(link).items()
            if p >= NAMED
        }
        found = self._graph.entities(meant)
        return {
            key: number
            for key, number in meant.items()
            if key in found and fold(found[key].label) == fold(links[number].surface)
        }

    def _about(
        self, document: LinkedText, link: Link, paths: PathClassifier, named: Collection[str]
    ) -> tuple[list[Way], float, float]:
        """The ways of a mention, the share of unseen words, and p that no path leads from it to what is asked for."""
        question = document.text
        slotted = masked(question, link.start, link.end)
        # The other names stay in the words: "Which river flows into the Dead Sea?" has "river".
        rest = f"{question[: link.start]} {question[link.end :]}".replace(MASK, " ")
        blank = question.find(MASK)
        before = None if blank < 0 else link.start < blank
        seen, nobody, ways = paths.known(slotted), 0.0, []
        priors = options(link)
        meant = senses(self._graph, self._relations, priors, question_words(rest))
        better = cache(lambda path: better_described(meant, path, self._relations))
        for sense in meant:
            told = self._told(sense.words, before)
            learnt = dict(paths.score(slotted, sense.types)) if seen else {}
            nobody = max(nobody, learnt.pop((), 0.0))
            likely = [path for path, p in learnt.items() if p >= UNLIKELY][:MAX_PATHS]
            for path in dict.fromkeys((*told, *likely)):
                said, hint = told.get(path, (0.0, 1.0))
                known = seen * learnt.get(path, 0.0)
                found = self._graph.follow(sense.entity, path)
                ways.append(Way(
                    sense=sense,
                    first=link is document.links[0],
                    link_score=priors[sense.entity],
                    path=path,
                    told=said,
                    learnt=learnt.get(path, 0.0),
                    seen=seen,
                    # Learnt words say the direction, too: the hint is needed without them.
                    direction=known + (1 - known) * hint,
                    better=better(path)[sense.entity],
                    found=found,
                    # What a question names it does not ask for: "Valencia, the capital of Carabobo, …".
                    answers=tuple(key for key in found if key not in named),
                ))  # fmt: skip
        return ways, 1 - seen, nobody

    def _told(self, words: Sequence[str], before: bool | None) -> dict[Steps, tuple[float, float]]:
        """Paths of one hop that the words say by names and phrasings: how well, and how the direction fits.

        Args:
            words: The question's words.
            before: Whether the name stands before the blank, None without one.
        """
        found: dict[Steps, tuple[float, float]] = {}
        for relation, score in self._relations.score(words)[:MAX_RELATIONS]:
            tail = before is not None and self._relations.blank_is_tail(relation, words, before)
            for forward in (True, False):
                hint = 1.0 if forward else BACKWARD
                if before is not None and tail is not None:
                    hint = 1.0 if tail == forward else 0.5
                found[Step(relation, forward),] = (score, hint)
        return found

    def _signs(
        self, ways: Sequence[Way], asked: Collection[str], known: Mapping[str, set[str]]
    ) -> NDArray[np.float64]:
        rows = []
        for way in ways:
            kind = kinds.fit(way.answers, asked, known)
            learnt = log(way.learnt + OF_LEARNT)
            misplaced = not way.answers and (
                bool(way.found) or not self._kinds.begins(way.path[0], way.sense.types)
            )
            rows.append(Signs(
                sense=log(max(way.link_score, OF_LEARNT)),
                words=log(way.words + OF_BOTH),
                names=log(way.told + OF_NAMES),
                learnt=learnt,
                seen=way.seen * learnt,
                direction=log(way.direction),
                silent=float(not way.answers),
                misplaced=float(misplaced),
                other_sense=float(way.better == "sense"),
                other_type=float(way.better == "type"),
                described=float(len(way.sense.described)),
                first=float(way.first),
                kind=float(kind is True),
                other_kind=float(kind is False),
            ))  # fmt: skip
        return np.array(rows, np.float64).reshape(-1, len(Signs._fields))


def options(link: Link) -> dict[str, float]:
    """What a link's name may mean, with p."""
    found = {candidate.entity: candidate.prior for candidate in link.candidates}
    found.setdefault(link.entity, link.score)
    return found
