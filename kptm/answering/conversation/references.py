"""Resolves follow-ups: lists the complete questions that a follow-up may mean."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from kg.naming.folding import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg.graph import KnowledgeGraph
    from kptm.answering.conversation.turn import NamedEntity, Turn
    from kptm.answering.conversation.words import FollowUpWords, Fragment
    from kptm.linking import Linker

MAX_FACTS = 200
"""The maximum number of facts of an entity that are read to compare it with other entities."""
_YEAR = re.compile(r"(?<!\d)\d{3,4}(?!\d)")


class References:
    """Completes the follow-ups of one language.

    Args:
        words: The words of follow-ups in the language.
        graph: The graph with the labels of relations and entities.
        linker: Finds the names in a text.
    """

    def __init__(self, words: FollowUpWords, graph: KnowledgeGraph, linker: Linker) -> None:
        self._words = words
        self._graph = graph
        self._linker = linker

    def questions(self, question: str, last: Turn) -> Iterator[str]:
        """Yield the complete questions that a follow-up may mean, the likeliest first.

        A question that is complete by itself yields none.
        """
        fragment = self._words.fragment(question)
        text = question if fragment is None else fragment.rest
        if (counted := self._words.count_question(text, last.question)) is not None:
            yield counted
            return
        if fragment is None:
            yield from self._with_names(question, last)
        elif self._words.is_question(fragment.rest):
            yield from self._with_names(fragment.rest, last)
            yield fragment.rest
        elif fragment.rest:
            yield from self._of_fragment(fragment, last)

    # ── pronouns and other references ────────────────────────────────────────────────────────

    def _with_names(self, text: str, last: Turn) -> Iterator[str]:
        """Yield the question with a name in place of "its", "there" or "that country"."""
        place = self._first_reference(text, last)
        if place is None:
            return
        before, after = self._own_names(text, place.start())
        if before or (after and fold(place["word"]) in self._words.several):
            return  # "the capital of France and its currency", "what do they eat in Egypt"
        names = self._referents(place, last)
        if len(last.answers) > 1 and names[:1] == [self._join_answers(last)]:
            if (listed := self._words.listed_things(last.question)) is not None:
                yield self._of_several(text, place, listed)
            yield self._of_several(text, place, names[0])
        for name in names:
            yield self._substitute_name(text, name, last)

    def _join_answers(self, last: Turn) -> str:
        return self._words.join_names([item.label for item in last.answers])

    def _of_several(self, text: str, place: re.Match[str], names: str) -> str:
        """Replace "their capitals" at the end of a question by "the capitals of" all names."""
        if place.re is not self._words.possessive:
            return text[: place.start()] + names + text[place.end() :]
        noun = text[place.start("noun") :].rstrip(" ?？")
        return text[: place.start()] + self._words.templates["several"].format(
            noun=noun, name=names
        )

    def _first_reference(self, text: str, last: Turn) -> re.Match[str] | None:
        """The first word that refers to a name, such as "its" or "there"."""
        words = self._words
        patterns = (words.possessive, words.demonstrative, words.place, words.object)
        matches = [
            match
            for pattern in patterns
            for match in pattern.finditer(text)
            if self._refers(match, last)
        ]
        return min(matches, key=lambda match: (match.start(), -match.end()), default=None)

    def _refers(self, match: re.Match[str], last: Turn) -> bool:
        """Whether the words refer to a name: "her mother" and "that river" do, "that flows" not."""
        if match.re is self._words.demonstrative:
            after = self._words.ends_in_preposition(match.string[: match.start()])
            return after or last.is_kind(match["noun"])
        if match.re is self._words.place:
            return not self._words.is_expletive(match.string[: match.start()])
        return match.re is not self._words.possessive or not self._words.is_particle(match["noun"])

    def _own_names(self, text: str, place: int) -> tuple[bool, bool]:
        """Whether a text has a name before a position, and after it."""
        links = self._linker.link(text, threshold=0.0, any_case=True).links
        relations = {fold(item.label) for item in self._graph.relations()}
        named = [link for link in links if fold(link.surface) not in relations]
        return any(link.end <= place for link in named), any(link.start >= place for link in named)

    def _referents(self, place: re.Match[str], last: Turn) -> list[str]:
        """The names that a word may refer to, from the last question or answer, likeliest first."""
        word, words = fold(place["word"]), self._words
        topic = [] if last.topic is None else [last.topic.label]
        answers = [item.label for item in last.answers]
        if len(answers) > 1:
            return [self._join_answers(last), *topic] if word in words.several else topic
        person = word in words.persons and words.asks_for_person(last.question)
        located = place.re is words.place and words.asks_for_place(last.question)
        kind = place.re is words.demonstrative and last.is_answer_kind(place["noun"])
        return [*answers, *topic] if person or located or kind else [*topic, *answers]

    def _substitute_name(self, text: str, name: str, last: Turn) -> str:
        """The text with the name in place of every word that refers to it."""
        words, templates = self._words, self._words.templates

        def put(match: re.Match[str]) -> str:
            if not self._refers(match, last):
                return match[0]
            if match.re is words.possessive:
                return templates["possessive"].format(name=name, noun=match["noun"])
            if match.re is words.place:
                first, *more = match["word"].split()
                return f"{first} {name}" if more else templates["place"].format(name=name)
            return name

        # In "What do they speak there", "they" means people in general.
        somebody = words.place.search(text) is not None
        patterns = (words.possessive, words.demonstrative, words.place)
        for pattern in patterns if somebody else (*patterns, words.object):
            text = pattern.sub(put, text)
        return text

    # ── fragments ────────────────────────────────────────────────────────────────────────────

    def _of_fragment(self, fragment: Fragment, last: Turn) -> Iterator[str]:
        """Yield the last question with another name, or a question for another relation."""
        reference = self._first_reference(fragment.rest, last)
        if reference is not None:
            noun = self._words.possessive.sub(lambda match: match["noun"], fragment.rest)
            if reference.re is self._words.possessive:
                for name in self._referents(reference, last):
                    yield self._phrase_question(noun, name)
            return
        written = not fragment.article and not fragment.rest[0].islower()
        named = fragment.preposition or written or bool(self._linker.candidates(fragment.rest))
        if named and not self._is_relation(fragment.rest):
            yield from self._instead(fragment, last)
        if not fragment.preposition:
            if last.topic is not None:
                yield self._phrase_question(fragment.rest, last.topic.label)
            if len(last.answers) == 1:
                yield self._phrase_question(fragment.rest, last.answers[0].label)
            if not named:
                yield from self._instead(fragment, last)

    def _phrase_question(self, relation: str, name: str) -> str:
        return self._words.templates["ask"].format(relation=relation, name=name)

    def _is_relation(self, text: str) -> bool:
        return fold(text) in {fold(item.label) for item in self._graph.relations()}

    def _instead(self, fragment: Fragment, last: Turn) -> Iterator[str]:
        """Yield the last question with its name or year replaced by that of the fragment."""
        question, rest = last.question, fragment.rest
        if _YEAR.fullmatch(rest):
            year = _YEAR.search(question)
            if year is not None:
                yield question[: year.start()] + rest + question[year.end() :]
            else:
                place = self._words.templates["place"].format(name=rest)
                yield f"{question.rstrip(' ?？')} {place}"
            return
        mention = self._replaced_name(rest, last)
        if mention is not None:
            yield question[: mention.start] + rest + question[mention.end :]
        elif last.relation:
            yield self._phrase_question(last.relation, rest)

    def _replaced_name(self, name: str, last: Turn) -> NamedEntity | None:
        """The name in the last question to replace: one of the same type, preferably the topic."""
        keys = [item.entity for item in self._linker.candidates(name)][:1]
        some = self._alike(keys[0], last.mentions) if keys else last.mentions
        if not some:
            return None
        if last.is_truth:
            return some[-1]
        topic = "" if last.topic is None else last.topic.key
        return next((item for item in some if item.entity.key == topic), some[0])

    def _alike(self, key: str, mentions: Sequence[NamedEntity]) -> Sequence[NamedEntity]:
        """The mentions with a type of the entity, or otherwise with the most roles in common."""
        types = {kind for item in self._graph.entities([key]).values() for kind in item.types}
        if alike := [item for item in mentions if types.intersection(item.entity.types)]:
            return alike
        own = self._roles(key)
        shared = [len(own & self._roles(item.entity.key)) for item in mentions]
        most = max(shared, default=0)
        return [item for item, count in zip(mentions, shared, strict=True) if count == most]

    def _roles(self, key: str) -> set[tuple[str, bool]]:
        """The roles of an entity: its relations, each with whether the entity is the head."""
        facts = islice(self._graph.touching([key]), MAX_FACTS)
        return {(fact.relation, fact.head == key) for fact in facts}
