"""Checks whether answers are of the kind that a question asks for: "where", "which city"."""

from __future__ import annotations

import re
from functools import cache, reduce
from typing import TYPE_CHECKING, NamedTuple

from kg.programs import Having, Intersection, Named, Union
from kg.types import Step
from kg.values import ValueKey
from kg.values.value_forms import DATES
from kptm.answering.answer_kinds import describes_people, is_date
from kptm.answering.lexicon import load
from kptm.linking.names.english_lexicon import frequent_words, listed_words
from kptm.linking.names.surface_forms import ORGANISATION, PERSON, PLACE, class_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.graph import KnowledgeGraph
    from kg.programs import Program

MAX_CHECKED_ANSWERS = 8
"""The most answers of a set that are checked."""
MAX_CACHED_ENTITIES = 200_000
"""The most entities whose kinds are cached."""
_CLOCK = re.compile(r"\b\d{1,2}:\d{2}\b")
"""A time of day, as in "08:00-18:00"."""
_CODE = re.compile(r"^[A-Z]{1,5}[-_/#]?\d{3,}$|^[A-Z]{1,5}[-_/#]\d+$")
"""A number of an order, an invoice, a room: "SO-115", never the name of a person or place."""
_NUMBER = re.compile(r"[-+]?\d[\d.,]* ")
"""A number before other words."""
WORDS_OF_PERSON_NAME = (2, 3, 4)
"""How many words a person's name may have."""
TITLES = frozenset("dr mr mrs ms miss mx prof professor sir dame madam rev fr herr frau".split())
"""Titles before the names of people."""
DIGITS_OF_YEAR = (3, 4)
"""How many digits a year may have."""


class EntityKinds(NamedTuple):
    """What is known of an entity's kind.

    Attributes:
        classes: Bit mask of its classes: person, place, organisation; 0 if unknown.
        stems: The stems of its types and its description.
        dated: Whether its label is a date or a time of day.
    """

    classes: int
    stems: frozenset[str]
    dated: bool


class AnswerKinds:
    """Looks up the kinds of entities by their types and descriptions.

    Args:
        graph: The graph.
    """

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph
        self._evaluator = graph.evaluator()
        self._known: dict[str, EntityKinds] = {}
        self._of_people: tuple[Program, ...] | None = None

    def fits(self, answer: str, nodes: Sequence[str]) -> bool | None:
        """Whether any of the answers may be of the kind asked for; None if that is unclear.

        Args:
            answer: The kind: "date", "value", "person", "place" or "reason".
            nodes: The answers.
        """
        sample = nodes[:MAX_CHECKED_ANSWERS]
        values = [node for node in sample if isinstance(node, ValueKey)]
        if answer in ("date", "value"):
            if not values:
                if answer == "value" and sample and all(map(_NUMBER.match, sample)):
                    return None  # "5 acre-feet", of a unit that is not known
                kinds = self.of(sample)
                return answer == "date" and bool(kinds) and all(kind.dated for kind in kinds)
            return answer == "value" or all(map(_is_date, values))
        if answer == "reason":
            return self._is_reason(sample, values)
        if answer not in ("person", "place"):
            return None
        if values:
            return False
        classes = [kind.classes for kind in self.of(sample) if kind.classes]
        if not classes:
            return False if sample and all(map(_CODE.search, sample)) else None
        wanted = PERSON | ORGANISATION if answer == "person" else PLACE | ORGANISATION
        return any(classes_of_node & wanted for classes_of_node in classes)

    def are_no_people(self, nodes: Sequence[str]) -> bool:
        """Whether entities are of no known class, in an untyped graph where people are known."""
        kinds = self.of(nodes[:MAX_CHECKED_ANSWERS])
        return bool(kinds and self._all_people()) and not any(kind.classes for kind in kinds)

    def are_people(self, nodes: Sequence[str]) -> bool:
        """Whether at least half of some nodes are people, judged by what is known of them.

        A given name alone is enough here: "Priya".
        """
        sample = [node for node in nodes[:MAX_CHECKED_ANSWERS] if not isinstance(node, ValueKey)]
        kinds = self.of(sample)
        alone = sum(node.lower() in _given_names() and node[:1].isupper() for node in sample)
        people = sum(bool(kind.classes & PERSON) for kind in kinds) + alone
        return bool(sample) and 2 * people >= len(nodes[:MAX_CHECKED_ANSWERS])

    def are_dates(self, nodes: Sequence[str]) -> bool:
        """Whether all answers are dates: values by datatype or time of day, entities by label."""
        some = nodes[:MAX_CHECKED_ANSWERS]
        values = [node for node in some if isinstance(node, ValueKey)]
        return (
            bool(some)
            and all(
                node.literal.datatype in DATES or _CLOCK.search(node.literal.value)
                for node in values
            )
            and all(kind.dated for kind in self.of(some))
        )

    def _is_reason(self, nodes: Sequence[str], values: Sequence[ValueKey]) -> bool | None:
        """False if all answers are people, places or dates, which never are a reason; else None."""
        if values:
            return False if all(map(_is_date, values)) else None
        classes = [kind.classes for kind in self.of(nodes) if kind.classes]
        known = bool(classes) and all(
            classes_of_node & (PERSON | PLACE) for classes_of_node in classes
        )
        return False if known else None

    def share_named(self, stems: Iterable[str], nodes: Sequence[str]) -> float:
        """The share of the entities whose types or description contain one of the stems."""
        wanted = set(stems)
        kinds = self.of(
            node for node in nodes[:MAX_CHECKED_ANSWERS] if not isinstance(node, ValueKey)
        )
        return sum(bool(kind.stems & wanted) for kind in kinds) / len(kinds) if kinds else 0.0

    def of(self, nodes: Iterable[str]) -> list[EntityKinds]:
        """The kinds of entities; values and unknown keys are left out."""
        keys = [node for node in nodes if not isinstance(node, ValueKey)]
        missing = [key for key in keys if key not in self._known]
        if missing:
            if len(self._known) > MAX_CACHED_ENTITIES:
                self._known.clear()
            entities = self._graph.entities(missing)
            classes = {key: class_of(entity) for key, entity in entities.items()}
            for key in self._people([key for key, bits in classes.items() if not bits]):
                classes[key] = PERSON
            for key, entity in entities.items():
                text = f"{' '.join(entity.types)} {entity.description}"
                stems = frozenset(token.stem for token in load().tokens(text))
                self._known[key] = EntityKinds(
                    classes[key], stems, is_date(entity.label) or bool(_CLOCK.search(entity.label))
                )
        return [self._known[key] for key in keys if key in self._known]

    def _people(self, keys: Sequence[str]) -> frozenset[str]:
        """Those of the entities of an untyped graph that are people.

        They have a relation that only people have, such as a date of birth, or a name that begins
        with a given name, perhaps after a title: "Dr. Anna Keller". The caller only passes entities
        whose description does not tell their class.
        """
        if not keys or self._evaluator.all_types():
            return frozenset()
        people = self._all_people()
        by_relation: Sequence[str] = ()
        if people is not None:
            by_relation = self._evaluator.evaluate(Intersection(Named(tuple(keys)), people)).nodes
        labels = self._graph.entities(keys)
        named = (key for key, entity in labels.items() if _is_personal(entity.label))
        return frozenset((*by_relation, *named))

    def _all_people(self) -> Program | None:
        """The program for all people of an untyped graph; None if the graph is typed or has none.

        It denotes the entities with a relation that only people have.
        """
        if self._of_people is None:
            relations = [] if self._evaluator.all_types() else self._graph.relations()
            sets: list[Program] = [
                Having(Step(item.key)) for item in relations if describes_people(item.label)
            ]
            self._of_people = (reduce(Union, sets),) if sets else ()
        return next(iter(self._of_people), None)

    def clear(self) -> None:
        """Clear the cache; call it after the graph has changed."""
        self._known.clear()
        self._of_people = None


@cache
def _given_names() -> frozenset[str]:
    return frozenset(word.lower() for word in listed_words("given-names.txt"))


@cache
def _no_surnames() -> frozenset[str]:
    """Everyday words that are not surnames: "union", as in "Christian Democratic Union"."""
    surnames = {word.lower() for word in listed_words("surnames.txt")}
    return frequent_words() - surnames


def _is_personal(label: str) -> bool:
    """Whether a label looks like a person's name: "Ann Lee", "Dr. Ann Lee", "Mrs Okoro"."""
    words = label.split()
    if len(words) > 1 and words[0].lower().rstrip(".") in TITLES:
        return words[-1][:1].isupper() and words[-1].isalpha()
    if words and words[0].endswith("."):  # "Hon."
        words = words[1:]
    return (
        len(words) in WORDS_OF_PERSON_NAME
        and words[0].lower() in _given_names()
        and words[-1].lower() not in _no_surnames()
        and all(word[:1].isupper() for word in words)
    )


def _is_date(node: ValueKey) -> bool:
    """Whether a value is a date or time of day, or a number that may be a year."""
    literal = node.literal
    if literal.datatype in DATES or _CLOCK.search(literal.value):
        return True
    digits = literal.value.lstrip("-")
    return not literal.unit and digits.isdigit() and len(digits) in DIGITS_OF_YEAR
