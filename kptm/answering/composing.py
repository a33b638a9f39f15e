"""Answers that are made of several readings: both, each, how many, whether it is so, and a second hop.

    question ─► operators ─► questions without them ─► readings ─► Composed

What cannot be composed is refused with the words that were not understood: the answer to the plain question would be another one's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import TYPE_CHECKING

from kg.types import Step
from kg.values import ValueKey
from kptm.answering.answer import Answer
from kptm.answering.answer_kinds import asked_kind, is_number
from kptm.answering.coverage import telling_words, worth
from kptm.answering.naming import labels
from kptm.answering.operators import coordination, counted, without_names
from kptm.answering.ways import options
from kptm.answering.words import stem
from kptm.linking.text import fold

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from kg.graph import KnowledgeGraph
    from kptm.answering.operators import Run
    from kptm.answering.questions import QuestionReader, Reading
    from kptm.linking import Link, LinkedText

TRIED = 6
"""Readings of each part that are tried with those of the others."""
NEAR = 20_000
"""Facts of a name by which it is connected with others."""
LEFT_NAME = 0.6
"""What a reading is worth that leaves a name of the question unexplained."""
DENIED = 0.8
"""p that what the graph does not state is not so, where it states others of the same relation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """An answer that is made of several readings.

    Attributes:
        question: As it was asked.
        document: The question with its links.
        readings: What it is made of, each with those of its answers that count.
        answers: Keys, none of a yes, a no or a count of things that are not listed.
        text: What is answered where that is no list, "" otherwise.
        score: p.
    """

    question: str
    document: LinkedText
    readings: tuple[Reading, ...]
    answers: tuple[str, ...]
    text: str
    score: float


class Composer:
    """Composes readings.

    Args:
        graph: The facts.
        reader: Reads questions.
        min_relation: How well a question's words must say a relation.
    """

    def __init__(self, graph: KnowledgeGraph, reader: QuestionReader) -> None:
        self._graph = graph
        self._reader = reader

    # ── both, each ───────────────────────────────────────────────────────────────────────────

    def together(self, document: LinkedText, min_relation: float) -> Composed | Answer | None:
        """The answer of a question with names that are joined by "and"; None where they are not asked about."""
        run = coordination(document)
        if run is None:
            return None
        parts = [self._good(self._part(document, run, link), min_relation) for link in run.links]
        if not all(parts):
            return None if not any(parts) else _refusal(document, _joined(document, run))
        each = not run.both and _of_each(document.text, run)
        tried = [some[:TRIED] for some in parts]
        same = [x for x in product(*tried) if len({reading.path for reading in x}) == 1]
        if not same:
            return _refusal(document, _joined(document, run))
        chosen = same[0] if each else max(same, key=lambda x: (bool(_common(x)), _p(x)))
        answers = _all(chosen) if each else _common(chosen)
        if not answers:
            names = labels(self._graph, [reading.entity for reading in chosen])
            relation = self._reader.relations.labels.get(chosen[0].relation, chosen[0].relation)
            reason = f"nothing is {relation!r} of all of {', '.join(names.values())}"
            return Answer(question=document.text, reason=reason, why="fact")
        readings = tuple(
            reading if each else replace(reading, answers=answers) for reading in chosen
        )
        return Composed(
            question=document.text,
            document=document,
            readings=readings,
            answers=answers,
            text="",
            score=_p(chosen),
        )

    def _part(self, document: LinkedText, run: Run, link: Link) -> list[Reading]:
        """The readings of the question with one name in place of all of them, about that name."""
        text = document.text
        part = self._reader.link(f"{text[: run.start]}{link.surface}{text[run.end :]}")
        place = (run.start, run.start + len(link.surface))
        return [reading for reading in self._reader.read(part) if reading.mention == place]

    def _good(self, readings: Sequence[Reading], min_relation: float) -> list[Reading]:
        return [
            reading
            for reading in readings
            if reading.answers and reading.relation_score >= min_relation
        ]

    # ── how many ─────────────────────────────────────────────────────────────────────────────

    def count(self, document: LinkedText, min_relation: float) -> Composed | Answer | None:
        """How many answers a question has; None where it does not ask that, or the graph states the number."""
        found = counted(document.text)
        if found is None or not document.links:
            return None
        noun, question = found
        readings = self._good(self._reader.read(document), min_relation)
        if readings and self._are_numbers(readings[0]):
            return None
        listed = self._reader.link(question)
        best = next(iter(self._good(self._reader.read(listed), min_relation)), None)
        if best is None or self._are_numbers(best):
            return _refusal(document, f"how many {noun}")
        counts = self._reader.explains(noun, best)
        if counts is False:
            return _refusal(document, f"how many {noun}")
        if counts is None:
            best = _left_over(best, noun)
        left = [word for word in best.unexplained if word != noun]
        if left and not best.scores:
            return _refusal(document, *left)
        return Composed(
            question=document.text,
            document=document,
            readings=(best,),
            answers=best.answers,
            text=f"{len(best.answers):,}",
            score=_p([best]),
        )

    def _are_numbers(self, reading: Reading) -> bool:
        some = reading.answers[:3]
        names = labels(self._graph, some)
        return all(isinstance(key, ValueKey) or is_number(names[key]) for key in some)

    # ── whether it is so ─────────────────────────────────────────────────────────────────────

    def holds(self, document: LinkedText, min_relation: float) -> Composed | Answer:
        """Whether what a question with two names says is so."""
        if len(document.links) != 2:
            return self._half(document)
        one, other = document.links
        readings = [
            reading
            for reading in self._reader.between(document)
            if reading.relation_score >= min_relation
        ]
        left = [word for reading in readings[:1] for word in reading.unexplained]
        if not readings:
            return self._directly(document, one, other)
        if left:
            return _refusal(document, *left)
        meant = {(one.start, one.end): options(other), (other.start, other.end): options(one)}
        for reading in readings:
            found = [key for key in reading.answers if key in meant[reading.mention]]
            if found:
                return self._verdict(document, replace(reading, answers=tuple(found)), "yes")
        stated = [item for item in readings if item.answers]
        if not stated:
            return Answer(
                question=document.text,
                reason=f"the graph has no {self._label(readings[0])!r} of these",
                why="fact",
            )
        # The side on which one is known is the one whose facts are complete: "Canberra is", so that Sydney is not.
        first = min(stated, key=lambda item: len(item.answers))
        return self._verdict(document, first, "no")

    def _half(self, document: LinkedText) -> Answer:
        """Why a question whether something is so is not answered, where it does not name two things of the graph."""
        best = next(iter(self._reader.read(document)), None)
        words = best.unexplained if best else tuple(telling_words(without_names(document)).values())
        names = [word for word in words if not word.islower()]
        return _refusal(document, *(names or words or [document.text.split()[0]]))

    def _directly(self, document: LinkedText, one: Link, other: Link) -> Composed | Answer:
        """Whether "is Egypt in Africa", where no word says a relation: by any fact between the two."""
        words = list(telling_words(without_names(document)).values())
        if words:
            return _refusal(document, *words)
        for head, tail in product(options(one), options(other)):
            for fact in self._graph.match(head, None, tail):
                return self._verdict(
                    document, self._plain(fact.head, fact.relation, (tail,)), "yes"
                )
        for head, tail in product(options(one), options(other)):
            for relation in sorted({fact.relation for fact in self._graph.match(head)}):
                step = Step(relation)
                if next(self._graph.match(None, relation, tail), None) is not None:
                    there = tuple(self._graph.follow(head, (step,)))
                    return self._verdict(document, self._plain(head, relation, there), "no")
        reason = f"the graph states nothing between {one.surface} and {other.surface}"
        return Answer(question=document.text, reason=reason, why="fact")

    def _plain(self, entity: str, relation: str, answers: tuple[str, ...]) -> Reading:
        from kptm.answering.questions import Reading

        return Reading(
            entity=entity,
            path=(Step(relation),),
            link_score=1.0,
            relation_score=1.0,
            answers=answers,
            score=1.0,
        )

    def _verdict(self, document: LinkedText, reading: Reading, text: str) -> Composed:
        score = _p([reading]) * (1.0 if text == "yes" else DENIED)
        return Composed(
            question=document.text,
            document=document,
            readings=(reading,),
            answers=(),
            text=text,
            score=score,
        )

    def _label(self, reading: Reading) -> str:
        return self._reader.relations.labels.get(reading.relation, reading.relation)

    # ── a second name ────────────────────────────────────────────────────────────────────────

    def restricted(self, document: LinkedText, reading: Reading) -> Reading:
        """A reading whose answers another name restricts, or that is worth less since nothing connects that name with it.

        "Countries in Africa where they speak Portuguese": of the countries those count that the graph connects with Africa. A name
        that belongs to the topic, as in "Tripoli in Lebanon", changes nothing.
        """
        for word in reading.narrowing:
            reading = _left_over(reading, word)
        for link in document.links:
            if link.start < reading.mention[1] and link.end > reading.mention[0]:
                continue
            if not reading.answers:
                return reading
            near = self._near(options(link))
            if reading.entity in near:
                continue
            inside = tuple(key for key in reading.answers if key in near)
            condition = _CONDITION.search(document.text[: link.start]) is not None
            if not inside and (condition or not reading.scores):
                reading = _left_over(reading, link.surface)
            elif inside and condition:
                reading = replace(reading, answers=inside, scores=reading.scores[: len(inside)])
        return reading

    def _near(self, keys: Iterable[str]) -> set[str]:
        """The entities, and what one fact connects with them."""
        found = set(keys)
        for key in sorted(found):
            for facts in (self._graph.match(key), self._graph.match(None, None, key)):
                found.update(end for fact in islice(facts, NEAR) for end in (fact.head, fact.tail))
        return found

    # ── a second hop ─────────────────────────────────────────────────────────────────────────

    def second_hop(self, document: LinkedText, reading: Reading) -> Composed | Answer | None:
        """The relation that words name which a reading leaves over, asked of its answers; None where they name none.

        "The capital of the country where Osaka is": the country is read, "capital" is left.
        """
        # "When was it discovered" is explained by a year of discovery, whatever else is called "discovered".
        if len(reading.path) > 1 or not reading.answers or asked_kind(document.text):
            return None
        left = {stem(fold(word)): word for word in reading.unexplained}
        named = [
            key
            for key, names in self._reader.relations.names.items()
            if names and names <= left.keys() and key != reading.relation
        ]
        if not named:
            return None
        path = (
            *reading.path,
            Step(max(named, key=lambda key: len(self._reader.relations.names[key]))),
        )
        answers = tuple(self._graph.follow(reading.entity, path))
        said = [word for stemmed, word in left.items()
                if stemmed not in self._reader.relations.names[path[-1].relation]]  # fmt: skip
        if not answers:
            return _refusal(document, *left.values())
        clear = 1 - len(said) / (1 + len(left))
        whole = replace(reading, path=path, answers=answers, unexplained=(), scores=())
        return Composed(
            question=document.text,
            document=document,
            readings=(whole,),
            answers=answers,
            text="",
            score=_p([replace(whole, clear=clear)]),
        )


_CONDITION = re.compile(
    r"\b(?:in|on|at|of|from|with|by|to|into|near|speak|use)\s+(?:the\s+)?$", re.IGNORECASE
)


def _of_each(text: str, run: Run) -> bool:
    """Whether something of each is asked for, as in "the capitals of France and Germany"."""
    before = text[: run.start].rstrip().casefold()
    return before.endswith(" of") or text[run.end : run.end + 2] in ("'s", "’s")


def _left_over(reading: Reading, name: str) -> Reading:
    """A reading that does not explain a name of the question."""
    return replace(
        reading,
        share=reading.share * LEFT_NAME,
        unexplained=tuple(dict.fromkeys((*reading.unexplained, name))),
    )


def _all(readings: Sequence[Reading]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for reading in readings for key in reading.answers))


def _common(readings: Sequence[Reading]) -> tuple[str, ...]:
    sets = [set(reading.answers) for reading in readings]
    return tuple(key for key in readings[0].answers if all(key in some for some in sets))


def _p(readings: Sequence[Reading]) -> float:
    """P that all readings are meant; of a reading with no fitted ranking its sense and how clearly it is said."""
    p = 1.0
    for reading in readings:
        p *= reading.share * (
            reading.score
            if reading.scores
            else min(0.99, max(0.5, reading.link_score)) * worth(reading.clear)
        )
    return p


def _joined(document: LinkedText, run: Run) -> str:
    return document.text[run.start : run.end]


def _refusal(document: LinkedText, *words: str) -> Answer:
    return refusal(document.text, words)


def refusal(question: str, words: Collection[str]) -> Answer:
    """The answer that names the words which were not understood."""
    shown = ", ".join(f"{word!r}" for word in words)
    was = "was" if len(words) == 1 else "were"
    return Answer(question=question, reason=f"{shown} {was} not understood", why="words")
