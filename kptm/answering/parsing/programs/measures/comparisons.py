"""Rules for comparisons with a number, a time, or another entity's value."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from kg.programs import (
    Compare,
    Difference,
    Follow,
    Measure,
    Named,
)
from kg.programs.arithmetic import in_unit, measure_all
from kg.types import Literal
from kg.values import ValueKey
from kg.values.base_quantities import DATE, quantity
from kg.values.value_forms import DATES, NUMERIC
from kg.vocabulary import XSD
from kptm.answering.lexicon.amounts.number_literals import date_literal, number_literal
from kptm.answering.parsing.knowledge import LAST_YEAR
from kptm.answering.parsing.programs.builder import bits
from kptm.answering.parsing.programs.measures.compared_values import (
    BETWEEN,
    compared_day,
    dimensions,
    end_of_than,
    is_of_unit,
    is_other_bound,
    number_of,
    says_day,
    says_year,
    sign,
    without_birth,
    year_of,
)
from kptm.answering.parsing.programs.measures.durations import without_years

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kg.programs import Program
    from kg.programs.expressions import Comparison
    from kptm.answering.lexicon import Match
    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.parsing.programs.builder import Builder
    from kptm.answering.parsing.programs.measures.superlatives import Measures
    from kptm.answering.parsing.question.schema_words import RelationWords

UNIT_HINT_STRENGTH = 0.8
"""How strongly the unit of a number suggests a relation for its dimension: metres a height."""
MONEY = "price cost salary budget revenue fee total amount rate rent wage income charge"
NAMED_BY = {
    "m": frozenset("height elevation altitude length depth distance width diameter radius".split()),
    "m²": frozenset(("area",)),
    "m³": frozenset(("volume",)),
    "s": frozenset("time duration runtime".split()),
    "kg": frozenset("weight mass".split()),
    "K": frozenset(("temperature",)),
    **dict.fromkeys("$€£¥", frozenset(MONEY.split())),
}
"""By base unit: words in the names of relations whose values have that unit."""
OR = "or"
"""The first word of "or more"."""
BEGINNINGS = frozenset("born birth die death found establish incept".split())
"""Stems in the names of relations whose date does not say when something takes place."""
MAX_NODES = 60
"""The most nodes of a set from which its steps and types are read."""


class Comparisons:
    """The rules for comparisons with a number, a time, or another entity's value.

    Args:
        builder: Builds derivations.
        measures: Finds the measures of sets.
    """

    def __init__(self, builder: Builder, measures: Measures) -> None:
        self._builder = builder
        self._measures = measures

    def comparisons(self, part: Derivation) -> Iterator[Derivation]:
        """Subsets of a set by a comparison with a number, a date, or another entity's value."""
        operators = self._builder.question.operators
        asks = any(match.kind == "yesno" for match in operators)
        if part.mention is not None and not asks:
            return
        for number, match in enumerate(operators):
            if match.kind != "comparison" or part.operators >> number & 1:
                continue
            for numbers, mask, also in self._numbers(number):
                if mask & part.mask:  # a number has one meaning, and is no part of a name
                    continue
                for measure, features, more in self._measures.of(part, match):
                    between = measure.count and match.comparison == "between"
                    if between or self._are_other(part, measure, numbers, mask):
                        continue
                    value = [self._as_measured(x, part, measure, features) for x in numbers]
                    bare = self._without_unit(part, measure, value)
                    fits = bare or is_of_unit(self._builder, part, measure, value)
                    own = self._of_unit(part, measure, value, assumed=bool(bare)) if fits else {}
                    own["measure_hint"] = max(
                        own.get("measure_hint", 0.0), features.get("measure_hint", 0.0)
                    )
                    other = is_other_bound(part.program, measure, match)
                    if (fits and own["measure_hint"]) or other:
                        features = {**features, "measure_floating": 0.0, "choice": 0.0}
                    made = self._compare(part.program, measure, match, bare or value)
                    yield self._builder.extend(
                        made, (part,), mask=bits(match) | mask | more, operators=1 << number | also,
                        features={"comparison": 1.0, **features, **own},
                    )  # fmt: skip
            yield from self._compared_entities(part, number, match)

    def numbers(self, part: Derivation) -> Iterator[Derivation]:
        """Subsets of a set by a number beside what it counts or measures.

        "Two runways" has the number before it, "a height of 115 m" after it.
        """
        operators = self._builder.question.operators
        used = {item.start for item in operators if item.kind == "time"}
        used |= {item.end for item in operators if item.kind == "comparison"}
        for number, item in enumerate(operators):
            if item.kind != "number" or part.operators >> number & 1:
                continue
            if bits(item) & part.mask or item.start in used:
                continue
            equal = replace(item, kind="comparison", comparison="=", generic=True)
            for measure, features, more in self._measures.of(part, equal):
                value = [self._as_measured(number_of(item), part, measure, features)]
                if item.unit and self._is_named_before(more, item):
                    value = self._without_unit(part, measure, value) or value
                elif item.unit or not more >> item.end & 1:
                    continue
                yield self._builder.extend(
                    self._compare(part.program, measure, equal, value), (part,),
                    mask=bits(item) | more, operators=1 << number,
                    features={"comparison": 1.0, **features},
                )  # fmt: skip

    def _is_named_before(self, named: int, item: Match) -> bool:
        """Whether ``named``, a measure's tokens, is directly before a number: "height of 115 m"."""
        gap = self._builder.question.importance[named.bit_length() : item.start]
        return 0 < named < 1 << item.start and not any(gap)

    def _compare(
        self, base: Program, measure: Measure, match: Match, values: Sequence[Literal]
    ) -> Program:
        """The program of a comparison; "between" is two comparisons."""
        first = Named((ValueKey(values[0]),))
        if match.comparison == "between":
            second = Named((ValueKey(values[-1]),))
            return Compare(Compare(base, measure, ">=", first), measure, "<=", second)
        return Compare(base, measure, sign(match), first)

    def _as_measured(
        self, value: Literal, part: Derivation, measure: Measure, features: Mapping[str, float]
    ) -> Literal:
        """Convert a number to the measure's scale, and a date to its year if numbers are measured.

        A million becomes 1 for "population in millions". Other values are returned as they are.
        """
        words = None if measure.count else self._words(measure)
        if words is not None and words.scale > 1 and value.datatype in NUMERIC and not value.unit:
            number = Fraction(value.value)
            return (
                value if abs(number) < words.scale else number_literal(float(number / words.scale))
            )
        named = features.get("measure_name", 0.0) or features.get("measure_hint", 0.0)
        if measure.count or value.datatype not in DATES:
            return value
        if not named and not self._has_years(measure):
            return value
        dimension = self._builder.knowledge.measures(part.nodes[:MAX_NODES]).get(measure.steps[0])
        if dimension != "":
            return value
        year = value.value[: value.value.find("-", 1)] if "-" in value.value[1:] else value.value
        return Literal(str(int(year)), datatype=f"{XSD}integer")

    def _without_unit(
        self, part: Derivation, measure: Measure, values: Sequence[Literal]
    ) -> list[Literal] | None:
        """The numbers for a comparison with plain numbers in the graph; None if that is unsafe.

        A unit in the measure's name ("cook time (min)") is that of the numbers. Else a unit is only
        dropped from a number between the least and greatest value: "over 8000 metres" is compared
        with plain heights, but "more than an hour", which gives 1, not with plain minutes.
        """
        if measure.since is not None:
            return without_years(self._builder, measure, values)
        if not measure.is_value or len(measure.steps) > 1 or not any(x.unit for x in values):
            return None
        if (unit := self._unit_of(measure)) is not None:
            return in_unit(values, unit)
        nodes, knowledge = part.nodes[:MAX_NODES], self._builder.knowledge
        measures = knowledge.measures(nodes)
        if measures.get(measure.steps[0], "date") or not dimensions(values).isdisjoint(
            measures.values()
        ):
            return None  # values have a unit or are dates, or another measure has that unit
        known = knowledge.evaluate(Follow(Named(tuple(nodes)), measure.steps[0])).nodes
        literals = [node.literal for node in known if isinstance(node, ValueKey)]
        sizes = [item.quantity.low for item in measure_all(literals)]
        bare = [replace(value, unit="") for value in values]
        numbers = [item.quantity.low for item in measure_all(bare)]
        if not sizes or min(numbers) < min(sizes) or max(numbers) > max(sizes):
            return None
        return bare

    def _unit_of(self, measure: Measure) -> str | None:
        """The unit in the name of a measure: "cook time (min)"; None if there is none."""
        words = self._words(measure)
        return words.unit if words is not None and words.unit else None

    def _words(self, measure: Measure) -> RelationWords | None:
        """The words of the relation that a measure begins with."""
        return self._builder.schema.relations.get(measure.steps[0].relation)

    def _are_other(
        self, part: Derivation, measure: Measure, values: Sequence[Literal], mask: int
    ) -> bool:
        """Whether plain numbers are none of a measure's.

        They are too small or large for the years of its dates, or lack the unit that follows them:
        "over 2 years" does not mean 2 for an "age (months)".

        Args:
            part: The derivation of the set that is measured.
            measure: The measure.
            values: The numbers.
            mask: Bit mask of their tokens.
        """
        plain = [x for x in values if x.datatype in NUMERIC and not x.unit]
        if measure.count or not plain:
            return False
        kind = self._builder.knowledge.measures(part.nodes[:MAX_NODES]).get(measure.steps[0])
        if kind == DATE:
            return any(not 0 < Fraction(x.value) < LAST_YEAR for x in plain)
        unit = self._unit_of(measure)
        return unit is not None and any(
            item.kind == "number" and item.unit and bits(item) & mask
            and in_unit([number_of(item)], unit) is not None
            for item in self._builder.question.operators
        )  # fmt: skip

    def _of_unit(
        self, part: Derivation, measure: Measure, values: Sequence[Literal], *, assumed: bool
    ) -> dict[str, float]:
        """Features of how well the unit of the numbers fits a measure: metres fit a height.

        Args:
            part: The set that is measured.
            measure: The measure.
            values: The numbers with which it is compared.
            assumed: Whether the graph's values are plain numbers, so that their unit is assumed.
        """
        if not assumed:
            return {"measure_hint": UNIT_HINT_STRENGTH}
        words = self._words(measure)
        sizes = (quantity(value) for value in values if value.unit)
        size = next((size for size in sizes if size is not None), None)
        named = NAMED_BY.get(size.dimension, frozenset()) if size is not None else frozenset()
        stems = {stem for name in named for stem in self._builder.schema.stems(name)}
        fits = words is not None and not stems.isdisjoint(words.weights)
        unit = self._unit_of(measure)
        measures = self._builder.knowledge.measures(part.nodes[:MAX_NODES])
        units = [self._unit_of(Measure((step,))) for step in measures]
        only = unit is not None and units.count(unit) == 1
        return {
            "unit_assumed": float(unit is None),
            "measure_hint": UNIT_HINT_STRENGTH * (fits or only),
        }

    def _compared_entities(
        self, part: Derivation, number: int, match: Match
    ) -> Iterator[Derivation]:
        """Subsets by a comparison with the value of a mentioned entity: "longer than the Rhine"."""
        question, knowledge = self._builder.question, self._builder.knowledge
        after = end_of_than(question.operators, match)
        for mention in question.mentions[:40] if match.comparison != "between" else ():
            if (
                mention.mask & part.names
                or mention.start < after
                or [mention.node] == list(part.nodes[:2])  # what is compared is the name itself
            ):
                continue
            steps = knowledge.measures((mention.node,))
            for measure, features, more in self._measures.of(part, without_birth(match)):
                last = measure.steps[-1]
                if measure.count or measure.adds or last not in steps:
                    continue
                value = replace(measure, steps=(last,)).of(Named((mention.node,)))
                compared: Program = Compare(part.program, measure, sign(match), value)
                mask = bits(match) | mention.mask | more
                if says_day(match, question.tokens, steps[last]):
                    mask |= 1 << match.end
                if says_year(match, question.tokens) and self._has_years(measure):
                    mask |= 1 << match.end
                elif says_year(match, question.tokens) and steps[last] == DATE:
                    mask |= 1 << match.end
                    bounds = year_of(knowledge.evaluate(value).nodes)
                    if bounds is None:
                        continue
                    compared = self._compare(part.program, measure, BETWEEN, bounds)
                if sign(match) == "=" and not self._builder.asks_yes_or_no:
                    compared = Difference(compared, Named((mention.node,)))  # the others
                yield self._builder.extend(
                    compared, (part,), mask=mask, names=mention.mask, operators=1 << number,
                    features={"comparison": 1.0, **features, **self._builder.of_mention(mention)},
                )  # fmt: skip

    def _numbers(self, comparison: int) -> Iterator[tuple[list[Literal], int, int]]:
        """Find the numbers and times with which a comparison compares.

        They follow the comparison; if none follows it directly, a number directly before it counts
        too, as in "40 or more".

        Args:
            comparison: The index of the comparison's operator.

        Yields:
            The numbers (two for "between"), the bit mask of their tokens, and that of their
            operators.
        """
        match = self._builder.question.operators[comparison]
        all_numbers = [
            (at, item)
            for at, item in enumerate(self._builder.question.operators)
            if item.kind == "number"
        ]
        numbers = [(at, item) for at, item in all_numbers if item.start >= match.start]
        if not numbers or numbers[0][1].start > match.end:
            # The noun may be between: "40 pages or more".
            noun = self._builder.question.tokens[match.start].folded == OR
            numbers = [x for x in all_numbers if 0 <= match.start - x[1].end <= noun] + numbers
        if match.comparison == "between":
            if len(numbers) > 1:
                (first_at, first), (second_at, second) = numbers[:2]
                place = (1 << max(first.end, second.end)) - (1 << match.start)
                first = replace(first, unit=first.unit or second.unit)  # "13 and 15 tonnes"
                yield [number_of(first), number_of(second)], place, 1 << first_at | 1 << second_at
            return
        for at, item in numbers:
            if item.start == numbers[0][1].start:  # all readings: "5m" is 5 metres or 5 million
                yield [number_of(item)], bits(item), 1 << at
        for at, item in enumerate(self._builder.question.operators):
            if (
                item.kind == "time"
                and item.start <= match.start
                and item.end >= match.end
                and item.period
            ):
                # The time includes the comparison: "before 1800" is the time up to 1799.
                continue
            if item.kind == "time" and item.start >= match.end and item.period:
                yield [date_literal(compared_day(item.period, match))], bits(item), 1 << at

    def _has_years(self, measure: Measure) -> bool:
        """Whether a measure's numbers are years."""
        return self._builder.has_years(measure.steps[-1].relation)

    def _dates(self, measure: Measure) -> bool:
        """Whether a measure is the date when something takes place, such as a trip.

        Dates of birth, death or foundation are not: "people in July" does not mean births in July.
        """
        words = self._builder.schema.relations.get(measure.steps[-1].relation)
        return words is not None and BEGINNINGS.isdisjoint(words.weights)

    def times(self, part: Derivation) -> Iterator[Derivation]:
        """Subsets of a set by a date within a time: "in 1995", "before 1800"."""
        for number, match in enumerate(self._builder.question.operators):
            if match.kind != "time" or match.period is None or part.operators >> number & 1:
                continue
            if part.mask & bits(match):
                continue
            for measure, features, more in self._measures.of(part, match):
                kind = self._builder.knowledge.measures(part.nodes[:MAX_NODES]).get(
                    measure.steps[0], ""
                )
                if measure.count or kind not in (DATE, ""):
                    continue
                # If there is only one such date, no word needs to name it.
                dated = kind == DATE or self._has_years(measure)
                if dated and not features.get("choice") and self._dates(measure):
                    features = {**features, "measure_floating": 0.0}
                compared: Program = part.program
                bounds: Sequence[tuple[Comparison, str]]
                bounds = ((">=", match.period.start), ("<=", match.period.end))
                for bound, moment in bounds:
                    if moment:
                        value = self._as_measured(date_literal(moment), part, measure, features)
                        compared = Compare(compared, measure, bound, Named((ValueKey(value),)))
                yield self._builder.extend(
                    compared, (part,), mask=bits(match) | more, operators=1 << number,
                    features={"within_time": 1.0, **features},
                )  # fmt: skip
