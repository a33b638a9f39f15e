"""All ways to understand a question: an entity that it names and a path of relations, with the signs that speak for each."""

from __future__ import annotations

import re
from functools import cache
from math import log
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kg.types import Step
from kg.values import ValueKey
from kptm.answering import kinds
from kptm.answering.answer_kinds import LOOKED_AT, asked_kind, fits, hints
from kptm.answering.coverage import clarity, is_like, telling_words
from kptm.answering.path_classifier import masked
from kptm.answering.ranking import Doubt, Signs
from kptm.answering.senses import better_described, senses
from kptm.answering.sides import is_asked_of, names_head
from kptm.answering.words import question_words, stem
from kptm.data.tokenize import MASK
from kptm.linking import LinkedText
from kptm.linking.text import fold

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from kg.graph import KnowledgeGraph
    from kg.types import Entity
    from kptm.answering.path_classifier import PathClassifier
    from kptm.answering.relations import RelationReader
    from kptm.answering.senses import Described, Sense
    from kptm.linking import Link

    Steps = tuple[Step, ...]

MAX_RELATIONS, MAX_PATHS = 5, 20
_ASKED_NOUN = re.compile(r"\b(?:which|what)\s+([^\W\d_]+)(?:\s+[^\W\d_]+)?", re.IGNORECASE)
UNLIKELY = 0.005
"""p of a learnt path below which it is not tried."""
KNOWN = 0.5
"""p of a learnt path, times the share of words that were learnt from, from which on it explains all words of a question."""
SHOWN_BY_USE = 0.2
"""p of a learnt path from which on questions that were answered say its direction, whatever the order of words does."""
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
        clear: How completely the question's words and the path's names say each other, between 0 and 1.
        unexplained: The question's words that the path does not explain, as they are written.
        mention: The place of the entity's name in the question.
        narrowing: Words that narrow down what is asked for and that nothing was learnt from: "European", of "which European countries".
        untaught: Of the words that name the path's one relation the share that was not learnt from; 0 of a path that was learnt.
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
    clear: float
    unexplained: tuple[str, ...]
    mention: tuple[int, int]
    narrowing: tuple[str, ...] = ()
    untaught: float = 0.0

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
        self._name_words = {word for names in relations.names.values() for word in names}

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
        ways = self._of_asked_kind(ways, document.text)
        ways = self._clarified(ways, document, asked, paths)
        doubt = Doubt(strange, log(nobody + OF_NOBODY))
        return ways, self._signs(ways, asked, known), doubt

    def _of_asked_kind(self, ways: list[Way], question: str) -> list[Way]:
        """Those that may lead to what the question word asks for: "when" is never answered by a person."""
        kind = asked_kind(question)
        if not kind:
            return ways
        shown = [way.answers[:LOOKED_AT] for way in ways]
        found = self._graph.entities({key for keys in shown for key in keys})
        kept = []
        for way, keys in zip(ways, shown, strict=True):
            entities = [found[key] for key in keys if key in found]
            types = [question_words(" ".join(item.types)) for item in entities if item.types]
            shown_as = [_written(found, key) for key in keys]
            label = self._relations.labels.get(way.path[-1].relation, "")
            if not way.path[-1].forward:  # a label says what its tails are
                label = ""
            fit = fits(kind, label, shown_as, types)
            if fit or (fit is None and kind != "date"):
                kept.append(way)
        return kept

    def _clarified(
        self,
        ways: list[Way],
        document: LinkedText,
        asked: Collection[str],
        paths: PathClassifier,
    ) -> list[Way]:
        """The ways with how clearly each is said; the names of a question speak for themselves."""
        question = list(document.text)
        for link in document.links:
            question[link.start : link.end] = " " * (link.end - link.start)
        words = telling_words("".join(question).replace(MASK, " "))
        noun = _ASKED_NOUN.search(document.text)
        neutral = {stem(fold(noun[1]))} - self._name_words if noun else set()
        narrowing = (
            [word for word in map(stem, noun[0].casefold().split()[1:]) if word in words]
            if noun
            else []
        )
        return [self._clear(way, words, neutral | set(asked), narrowing, paths) for way in ways]

    def _clear(
        self,
        way: Way,
        words: Mapping[str, str],
        neutral: Collection[str],
        narrowing: Collection[str],
        paths: PathClassifier,
    ) -> Way:
        if way.seen * way.learnt >= KNOWN:
            # What was learnt speaks for the whole question but for what narrows its noun: "which European countries".
            fresh = [words[word] for word in narrowing if not paths.has_stem(word)]
            return way._replace(clear=1.0, narrowing=tuple(fresh))
        keys = {step.relation for step in way.path}
        names = {word for key in keys for word in self._relations.names.get(key, ())}
        speaking = {word for word in words for key in keys if word in self._relations.words(key)}
        unexplained = {
            word: written
            for word, written in words.items()
            if word not in speaking
            and word not in neutral
            and not any(
                is_like(word, other) for key in keys for other in self._relations.words(key)
            )
            and word not in way.sense.described
            and not self._is_kind(word, way.answers)
        }
        clear = clarity(words, unexplained, names, speaking)
        fresh = [word for word in speaking if not paths.has_stem(word)]
        taught = not way.told or not speaking or not keys.isdisjoint(paths.relations)
        return way._replace(
            clear=clear,
            unexplained=tuple(unexplained.values()),
            untaught=0.0 if taught else len(fresh) / len(speaking),
        )

    def explains(self, noun: str, path: Steps, answers: Sequence[str]) -> bool | None:
        """Whether a noun says what the answers of a path are; None where no type of theirs is known."""
        word = stem(fold(noun))
        said = any(word in self._relations.words(step.relation) for step in path)
        if said or self._is_kind(word, answers):
            return True
        known = self._kinds.of(answers[:LOOKED_AT])
        return any(word in words for words in known.values()) if known else None

    def _is_kind(self, word: str, answers: Sequence[str]) -> bool:
        """Whether a word says what the answers are: "country", where they end a relation of that name."""
        relations = [key for key, names in self._relations.names.items() if names == {word}]
        return any(
            next(self._graph.match(None, key, answer), None) is not None
            for key in relations
            for answer in answers[:1]
            if not isinstance(answer, ValueKey)
        )

    def by_names(self, document: LinkedText, paths: PathClassifier) -> list[Way]:
        """The ways of one hop that relations' names say beside the names of entities, whose words say nothing else."""
        text = list(document.text)
        found = []
        for link in document.links:
            for other in document.links:
                if other is not link:
                    text[other.start : other.end] = " " * (other.end - other.start)
            plain = LinkedText("".join(text), (link,))
            text = list(document.text)
            ways, *_ = self._about(plain, link, paths, ())
            found += [way for way in ways if way.told and len(way.path) == 1]
        return self._clarified(found, document, (), paths)

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
        side = cache(lambda relation: self._side(document, link, relation))
        owner = cache(lambda relation: self._owner(document, relation))
        for sense in meant:
            told = self._told(sense.words, before, question)
            learnt = dict(paths.score(slotted, sense.types)) if seen else {}
            nobody = max(nobody, learnt.pop((), 0.0))
            likely = [path for path, p in learnt.items() if p >= UNLIKELY][:MAX_PATHS]
            for path in dict.fromkeys((*told, *likely)):
                said, hint = told.get(path, (0.0, 1.0))
                known = seen * learnt.get(path, 0.0)
                shown = side(path[0].relation) if said else None
                other = (shown is not None and shown != path[0].forward) or (
                    said and owner(path[0].relation) not in (None, link)
                )
                if other and known < SHOWN_BY_USE:
                    continue
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
                    direction=1.0 if shown is not None else known + (1 - known) * hint,
                    better=better(path)[sense.entity],
                    found=found,
                    # What a question names it does not ask for: "Valencia, the capital of Carabobo, …".
                    answers=tuple(key for key in found if key not in named),
                    clear=1.0,
                    unexplained=(),
                    mention=(link.start, link.end),
                ))  # fmt: skip
        return ways, 1 - seen, nobody

    def _side(self, document: LinkedText, link: Link, relation: str) -> bool | None:
        """Whether the order of words makes a name the head of a relation; of a cloze its blank says that."""
        if MASK in document.text:
            return None
        label = self._relations.labels.get(relation, "")
        return names_head(document.text, link.start, link.end, label)

    def _owner(self, document: LinkedText, relation: str) -> Link | None:
        """The one name of several that stands right after a relation's words, as Tripoli does in "population of Tripoli in Lebanon"."""
        if MASK in document.text or len(document.links) < 2:
            return None
        label = self._relations.labels.get(relation, "")
        found = [link for link in document.links if is_asked_of(document.text, link.start, label)]
        return found[0] if len(found) == 1 else None

    def _told(
        self, words: Sequence[str], before: bool | None, question: str
    ) -> dict[Steps, tuple[float, float]]:
        """Paths of one hop that the words say by names and phrasings: how well, and how the direction fits.

        Args:
            words: The question's words.
            before: Whether the name stands before the blank, None without one.
            question: All of it; "when" stands for "in which year".
        """
        found: dict[Steps, tuple[float, float]] = {}
        scored = dict(self._relations.score(words)[:MAX_RELATIONS])
        more = {word for word in map(stem, hints(asked_kind(question))) if word in self._name_words}
        if more:
            scored = {**dict(self._relations.score([*words, *more])[:MAX_RELATIONS]), **scored}
        for relation, score in scored.items():
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


def _written(known: Mapping[str, Entity], key: str) -> str:
    """An entity's label; a value as the graph has it."""
    if isinstance(key, ValueKey):
        return key.literal.value
    return known[key].label if key in known else key


def options(link: Link) -> dict[str, float]:
    """What a link's name may mean, with p."""
    found = {candidate.entity: candidate.prior for candidate in link.candidates}
    found.setdefault(link.entity, link.score)
    return found
