"""Finds English words for the keys in a program: entities, values, relations and types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.programs import Compare, Measure, Named
from kg.types import Step
from kg.values import ValueKey
from kptm.answering.answer_kinds import is_date
from kptm.answering.sentences.grammar import Forms, article, english
from kptm.answering.sentences.phrases.noun_phrases import without_unit
from kptm.answering.sentences.phrases.relation_words import (
    NounRelation,
    RelationWords,
    english_name,
    relation_words,
)

if TYPE_CHECKING:
    from kptm.answering.sentences.names import ProgramNames
    from kptm.answering.sentences.truth import Truth
    from kptm.data.phrasings import Phrasings

TOTALS = {"sum": "total", "mean": "average", "max": "greatest", "min": "lowest"}
"""The adjectives of the results of functions."""


class Wording:
    """Finds English words for keys.

    Args:
        names: The labels of keys.
        phrasings: The phrasings of relations in texts.
        truth: Looks up whether a relation has several values.
    """

    def __init__(self, names: ProgramNames, phrasings: Phrasings, truth: Truth) -> None:
        self._names = names
        self._truth = truth
        self._phrasings = phrasings
        self._grammar = english()

    def name_with_article(self, key: str) -> str:
        """The name of an entity with its article, or a value with its unit."""
        label = self._names.label(key)
        if isinstance(key, ValueKey):
            return self._grammar.quantity(label)
        return self._grammar.name(label, self._names.types(key))

    def relation(self, key: str, *, dates: bool = False) -> RelationWords:
        """The words for a relation; ``dates`` says whether its tails are dates."""
        patterns = self._phrasings.patterns_of(key)
        return relation_words(self._names.relation(key), patterns, self._grammar, dates=dates)

    def type(self, key: str) -> Forms:
        """A type as a noun."""
        return self._grammar.noun(english_name(self._names.label(key)))

    def superlative(self, measure: Measure, order: str) -> str:
        """The superlative adjective of a measure, such as "longest"; "" if there is none."""
        if not measure.is_value or len(measure.steps) != 1:
            return ""
        label = english_name(self._names.relation(measure.steps[0].relation))
        words = without_unit(label)
        adjectives = self._grammar.superlatives.get(words)
        return "" if adjectives is None else adjectives[0 if order == "max" else 1]

    def measure(self, measure: Measure) -> str:
        """The name of a measure: "population", "capital's population", "total yield"."""
        if measure.since is not None:
            return self.time_between(measure.since, measure.steps[-1])
        if measure.adds:
            return f"{TOTALS[measure.adds]} {self.step_noun(measure.steps[-1])}"
        return "'s ".join(self.step_noun(step) for step in measure.steps)

    def time_between(self, start: Step, end: Step) -> str:
        """A length of time by the names of two relations to dates."""
        first, last = (english_name(self._names.relation(step.relation)) for step in (start, end))
        return f'time between "{first}" and "{last}"'

    def step_noun(self, step: Step) -> str:
        """The name of one step of a measure."""
        words = self.relation(step.relation)
        if isinstance(words, NounRelation):
            return f"{words.noun.one}{words.rest}"
        return english_name(self._names.relation(step.relation))

    def noun_from(self, head: str, step: Step, words: NounRelation) -> str:
        """The noun of a relation with its article: "a" if the entity ``head`` has several tails."""
        several = self._truth.several(head, Step(step.relation))
        singular = words.noun.one
        return article(singular) if several and singular != words.noun.many else f"the {singular}"

    def is_time(self, program: Compare) -> bool:
        """Whether a comparison is one of times: with a date, or with the year of a time."""
        [key, *more] = program.value.keys if isinstance(program.value, Named) else ("",)
        if more or not isinstance(key, ValueKey):
            return False
        name = english_name(self._names.relation(program.measure.steps[-1].relation))
        typed = key.literal.datatype.endswith(("#date", "#dateTime", "#gYear", "#gYearMonth"))
        return typed or (is_date(key) and self._grammar.is_time(name))
