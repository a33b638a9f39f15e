"""The numbers, dates and signs of a comparison."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kg.programs import Compare
from kg.values import ValueKey
from kg.values.base_quantities import DATE, quantity
from kg.vocabulary import XSD
from kptm.answering.lexicon.amounts.number_literals import date_literal, number_literal
from kptm.answering.lexicon.match import Match

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.programs import Measure, Period, Program
    from kg.programs.expressions import Comparison
    from kg.types import Literal
    from kptm.answering.lexicon import Token
    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.parsing.programs.builder import Builder

BIRTH = "born"
"""The hint of "before" and "after" that applies to dates, but not to entities."""
DAY = frozenset("day date".split())
"""Words for a date."""
YEAR = "year"
"""The word after "the same" that compares dates by their year."""
SECOND = "s"
"""The dimension of lengths of time."""
SAMPLED_NODES = 60
"""The most nodes of a set whose numbers are looked up."""
BETWEEN = Match(0, 0, "comparison", comparison="between")
"""The comparison with both ends of a period."""


def says_day(match: Match, tokens: Sequence[Token], dimension: str) -> bool:
    """Whether dates are compared by their day: "on the same day as"."""
    return dimension == DATE and _word_after_same(match, tokens) in DAY


def says_year(match: Match, tokens: Sequence[Token]) -> bool:
    """Whether years, or dates by their year, are compared: "in the same year as"."""
    return _word_after_same(match, tokens) == YEAR


def _word_after_same(match: Match, tokens: Sequence[Token]) -> str:
    """The word after an operator of equality; "" for other operators."""
    equal = sign(match) == "=" and match.end < len(tokens)
    return tokens[match.end].folded if equal else ""


def year_of(nodes: Sequence[str]) -> list[Literal] | None:
    """The first and the last day of the year of the only date among nodes; None if it is unclear.

    Years before Christ are left out.
    """
    if len(nodes) != 1 or not isinstance(nodes[0], ValueKey):
        return None
    year = nodes[0].literal.value.split("-")[0]
    return [date_literal(f"{year}-01-01"), date_literal(f"{year}-12-31")] if year else None


def is_other_bound(program: Program, measure: Measure, match: Match) -> bool:
    """Whether a comparison adds a second bound to a program: "above 300 and below 1000"."""
    return (
        isinstance(program, Compare)
        and not isinstance(program.base, Compare)
        and program.measure == measure
        and program.comparison[:1] + match.comparison[:1] in ("<>", "><")
    )


def sign(match: Match) -> Comparison:
    """The comparison sign for one value; "=" by default."""
    if match.comparison == "between" or not match.comparison:
        return "="
    return match.comparison


def compared_day(period: Period, match: Match) -> str:
    """The day with which a date is compared: the last of the period for "after March 2020"."""
    first, last = period.start or period.end, period.end or period.start
    return last if match.comparison in (">", "<=") else first


def number_of(match: Match) -> Literal:
    """The number of an operator, with its unit."""
    return number_literal(match.number or 0.0, match.unit)


def dimensions(values: Sequence[Literal]) -> set[str]:
    """The dimensions of those numbers that have a unit, and of times of the day."""
    clock = f"{XSD}time"
    sizes = (quantity(x) for x in values if x.unit or x.datatype == clock)
    return {size.dimension for size in sizes if size is not None}


def without_birth(match: Match) -> Match:
    """Remove the hint of a date of birth from "before" and "after", but not from "older".

    "The president after Nixon" was not born after him.
    """
    if match.order or match.hints[:1] != (DATE,):
        return match
    return replace(match, hints=tuple(hint for hint in match.hints if hint != BIRTH))


def is_of_unit(
    builder: Builder, part: Derivation, measure: Measure, values: Sequence[Literal]
) -> bool:
    """Whether a measure is the only one whose values have the dimension of the numbers.

    A length between two dates is one of time.

    Args:
        builder: The builder of the question's derivations.
        part: The set that is measured.
        measure: The measure.
        values: The numbers with which it is compared.
    """
    wanted = dimensions(values)
    if measure.since is not None:
        return wanted == {SECOND}
    measures = builder.knowledge.measures(part.nodes[:SAMPLED_NODES])
    alike = [step for step, dimension in measures.items() if dimension in wanted]
    return not measure.count and alike == [measure.steps[0]] == list(measure.steps)


def end_of_than(operators: Sequence[Match], match: Match) -> int:
    """Where what is compared with begins: after "than" in "more seats for A than for B"."""
    ends = [x.end for x in operators if x.kind == "than" and x.start >= match.end]
    return min(ends, default=match.end)
