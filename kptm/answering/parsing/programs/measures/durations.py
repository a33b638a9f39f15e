"""Rules for lengths of time between two dates of an entity: "how long did Henry III reign".

The dates are a start and an end by their names ("reigned from" and "reigned until", "bought" and
"sold"), or the question names both: "days from sowing to harvest".
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from kg.programs import Follow, Measure, Named, Subtract
from kg.values.base_quantities import DATE
from kptm.answering.lexicon.columns.column_names import split_words
from kptm.answering.parsing.programs.builder import DURATION, bits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg.programs import Program
    from kg.types import Literal, Step
    from kptm.answering.lexicon import Match
    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.parsing.programs.builder import Builder

PAIRS = (
    ("from since", "until till to"),
    ("start begin began begun", "end finish"),
    ("open found launch install built establish commission", "clos dissol decommission remov"),
    ("join hire employ since", "left leave retir quit"),
    ("bought purchas acquir", "sold"),
    ("borrow lent loan rent", "return due"),
    ("admit arriv", "discharg depart leave left"),
    ("plant sown sow", "harvest"),
    ("married wed", "divorc"),
    ("check-in moved-in", "check-out moved-out"),
)
"""Beginnings of words in the names of relations to the start and to the end of the same."""
LIFE = ("born birth", "died death")
"""The same for lives."""
LIVED = frozenset("live lived lives life alive".split())
"""Words for the time from birth to death."""
WHOLE_WORDS = frozenset("from since until till to end due left sow".split())
"""Those that are whole words: "took office" is not the end of something."""
DATES = frozenset("date day time year on at in of the".split())
"""Words that many names of dates share."""
ENDS = frozenset("until till to end ended left".split())
"""Words of which one tells the end from the start of what two names share: "left office"."""
DAYS, YEARS, LONG = frozenset(("day", "days")), frozenset(("year", "years")), "long"
"""Words for the units of an answer, and the word in "how long"."""
MIN_DAYS_IN_YEARS = 730
"""From this many days on, "how long" is answered in complete years."""
UNNAMED_STRENGTH = 0.6
"""How strongly "longest" suggests a length of which the question names no date."""
BEEN = "been"
"""The word of what goes on."""
YEAR = "a"
"""The symbol of the unit year."""
SAMPLED_NODES, ORDERED_NODES = 60, 5
"""The most nodes from which the steps are read, and those whose dates are compared."""


class Dates(NamedTuple):
    """The steps to the start and to the end of something."""

    start: Step
    end: Step


class Durations:
    """The rules for lengths of time between two dates.

    Args:
        builder: Builds derivations.
    """

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._dates = lru_cache(None)(self._dates_of)
        self._lived = sum(
            1 << at for at, x in enumerate(builder.question.tokens) if x.folded in LIVED
        )
        # "Has been running the longest" is about what has not ended.
        self._goes_on = any(token.folded == BEEN for token in builder.question.tokens)

    def measures(
        self, part: Derivation, match: Match, used: int
    ) -> Iterator[tuple[Measure, dict[str, float], int]]:
        """The lengths that "longest", "shortest" or "longer than" may compare.

        Args:
            part: The set that is measured.
            match: The operator.
            used: Bit mask of the tokens that the set and the operator explain.

        Yields:
            (measure, features, bit mask of the tokens that it explains).
        """
        if DURATION not in match.hints or self._goes_on or self._has_length(part.nodes, match):
            return
        for dates in self._dates(part.nodes[:SAMPLED_NODES]):
            mask, recall = self._words_for(dates, used)
            features = {"measure_hint": 1.0 if mask else UNNAMED_STRENGTH, "measure_name": recall}
            yield Measure((dates.end,), since=dates.start), features, mask

    def lengths(self, part: Derivation) -> Iterator[Derivation]:
        """The length between two dates of a name: "how long", "how many years did Henry III reign".

        Args:
            part: The name; nothing is yielded for other sets.
        """
        if part.mention is None or not isinstance(part.program, Named) or self._goes_on:
            return
        for number, match in enumerate(self._builder.question.operators):
            unit = self._unit(match)
            if unit is None or part.operators >> number & 1:
                continue
            if not unit and self._has_length(part.nodes, match):
                continue
            own = bits(match) | (1 << match.end) * (match.kind == "count")
            for dates in self._dates(part.nodes):
                of_years = self._builder.has_years(dates.end.relation)
                if of_years and unit in DAYS:
                    continue
                if match.kind == "difference" and not self._are_both_said(*dates):
                    continue  # "years between A and B" compares two names
                mask, recall = self._words_for(dates, part.mask | own)
                days = Subtract(Follow(part.program, dates.end), Follow(part.program, dates.start))
                years = of_years or unit in YEARS or (not unit and self._is_long(days))
                yield self._builder.extend(
                    replace(days, years=years), (part,), mask=own | mask, operators=1 << number,
                    features={"subtract": 1.0, "measure_hint": 1.0, "measure_name": recall},
                )  # fmt: skip

    def _is_long(self, days: Program) -> bool:
        """Whether a length in days is rather said in years."""
        size = self._builder.knowledge.evaluate(days).number
        return size is not None and float(size.value) >= MIN_DAYS_IN_YEARS

    def _unit(self, match: Match) -> str | None:
        """The unit in which an operator asks for a length of time.

        "" for "how long"; None if it asks for something else.
        """
        tokens = self._builder.question.tokens
        if match.kind == "difference":
            units = [x.folded for x in tokens[match.start : match.end] if x.folded in DAYS | YEARS]
            return units[0] if units else None
        if match.kind == "count":
            unit = tokens[match.end].folded if match.end < len(tokens) else ""
            return unit if unit in DAYS | YEARS else None
        asks = match.kind == "ask" and DURATION in match.hints
        long = any(token.folded == LONG for token in tokens[match.start : match.end])
        return "" if asks and long else None

    def _has_length(self, nodes: Sequence[str], match: Match) -> bool:
        """Whether the nodes have a number that is their length, such as a running time."""
        relations = self._builder.schema.relations
        return any(
            step.relation in relations and self._builder.hint(match, relations[step.relation]) > 0
            for step in self._builder.knowledge.measures(nodes[:SAMPLED_NODES])
        )

    def _words_for(self, dates: Dates, used: int) -> tuple[int, float]:
        """Bit mask of the tokens that name two dates, and the greater share of a name."""
        relations = self._builder.question.relations
        start, end = (relations.evidence(step.relation, used) for step in dates)
        return start.mask | end.mask | self._lived, max(start.recall, end.recall)

    def _dates_of(self, nodes: tuple[str, ...]) -> list[Dates]:
        """The starts and ends of nodes: those named as such, and those that the question names."""
        knowledge, builder = self._builder.knowledge, self._builder
        steps = [
            step
            for step, dimension in sorted(knowledge.measures(nodes).items())
            if step.forward and (dimension == DATE or builder.has_years(step.relation))
        ]
        pairs = list(combinations(steps, 2))
        if self._lived:
            chosen = [pair for pair in pairs if self._are_ends(*pair, LIFE)]
        else:
            chosen = (
                [pair for pair in pairs if self._are_both_said(*pair)]
                or [pair for pair in pairs if self._share_words(*pair)]
                or [pair for pair in pairs if self._are_ends(*pair, *PAIRS)]
            )
        if len(chosen) > 1:
            said = self._builder.question.relations
            chosen = [pair for pair in chosen if any(said.evidence(x.relation).mask for x in pair)]
        ordered = (self._in_order(nodes, *pair) for pair in chosen)
        return [dates for dates in ordered if dates is not None]

    def _are_ends(self, first: Step, second: Step, *ends: tuple[str, str]) -> bool:
        """Whether the names of two relations mean the start and the end of the same."""
        one, other = (self._name(step) for step in (first, second))
        return any(
            (_has(one, start) and _has(other, end)) or (_has(other, start) and _has(one, end))
            for start, end in ends
        )

    def _share_words(self, first: Step, second: Step) -> bool:
        """Whether two names share a word, and one has a word for an end: "took", "left office"."""
        one, other = (set(self._name(step).split()) for step in (first, second))
        return bool((one & other) - DATES and ENDS & (one ^ other))

    def _are_both_said(self, first: Step, second: Step) -> bool:
        """Whether the question names both relations, by different words."""
        relations = self._builder.question.relations
        one, other = (relations.evidence(step.relation) for step in (first, second))
        return bool(one.mask & ~other.mask and other.mask & ~one.mask)

    def _name(self, step: Step) -> str:
        words = self._builder.schema.relations.get(step.relation)
        return "" if words is None else split_words(words.name).lower()

    def _in_order(self, nodes: Sequence[str], first: Step, second: Step) -> Dates | None:
        """The two steps, the one to the earlier date first; None if the nodes differ in that."""
        signs = set()
        for node in nodes[:ORDERED_NODES]:
            source = Named((node,))
            size = self._builder.knowledge.evaluate(
                Subtract(Follow(source, second), Follow(source, first))
            ).number
            if size is not None and size.value.strip("0."):
                signs.add(size.value.startswith("-"))
        if len(signs) > 1:
            return None
        return Dates(second, first) if True in signs else Dates(first, second)


def without_years(
    builder: Builder, measure: Measure, values: Sequence[Literal]
) -> list[Literal] | None:
    """Numbers of years as plain numbers, if a length is the difference of two years; else None."""
    of_years = builder.has_years(measure.steps[-1].relation)
    if not of_years or any(value.unit != YEAR for value in values):
        return None
    return [replace(value, unit="") for value in values]


def _has(name: str, beginnings: str) -> bool:
    """Whether a word of a name begins in one of some ways."""
    words = name.replace("check ", "check-").replace("moved ", "moved-").split()
    return any(
        word == begin or (begin not in WHOLE_WORDS and word.startswith(begin))
        for word in words
        for begin in beginnings.split()
    )
