"""Numbers with units, and dates: comparison, sums, means, differences.

All of it is exact; only a mean is rounded.
"""

from __future__ import annotations

import re
from collections import Counter
from decimal import Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from kg.types import Literal
from kg.values.dates import DAY
from kg.values.forms import DECIMAL, INTEGER
from kg.values.quantities import DATE, Quantity, quantity, year
from kg.values.units import unit_of
from kg.vocabulary import XSD

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.programs.expressions import Comparison

_DIGITS = 15
"""Significant digits of a number that has no end, such as a third."""
_YEAR = f"{XSD}gYear"
_ZONE = re.compile(r"Z|[+-]\d\d:\d\d").sub
DAYS, YEARS, SECONDS = "days", "years", "seconds"
"""The units of differences of dates.

Years if both dates are years, seconds if one of them has a time.
"""


class Measured(NamedTuple):
    """A value and what it measures."""

    value: Literal
    quantity: Quantity


def measure_all(values: Iterable[Literal]) -> list[Measured]:
    """Those values that are numbers or dates."""
    found = ((value, quantity(value)) for value in values)
    return [Measured(value, size) for value, size in found if size is not None]


def main_dimension(values: Iterable[Measured]) -> str:
    """The dimension that most values have; of several the first by name."""
    counts = Counter(item.quantity.dimension for item in values)
    return min(counts, key=lambda name: (-counts[name], name), default="")


def main_unit(units: Iterable[str]) -> str:
    """The unit that most values are stated in; of several the first by name."""
    counts = Counter(units)
    return min(counts, key=lambda name: (-counts[name], name), default="")


def as_stated(value: Literal, others: Sequence[tuple[str, str]]) -> Quantity | None:
    """A bare number among values whose (dimension, unit) are given.

    It gets the unit that most of them have, or is a year among dates.
    """
    main = main_unit(dimension for dimension, _ in others)
    if main == DATE:
        dated = year(value)
        return None if dated is None else quantity(dated)
    known = unit_of(main_unit(unit for dimension, unit in others if dimension == main))
    size = quantity(value)
    if size is None:
        return None
    number = known.factor * (size.low + known.offset)
    return Quantity(known.dimension, number, number)


def compares(size: Quantity, comparison: Comparison, other: Quantity) -> bool:
    """Whether a quantity compares so with another; of another dimension it does not.

    A date that is only a year is all of that year: 3 May 1990 is in 1990 (``=``), and neither
    before nor after it.
    """
    if size.dimension != other.dimension:
        return False
    return {
        "<": size.high < other.low,
        "<=": size.high <= other.high,
        ">": size.low > other.high,
        ">=": size.low >= other.low,
        "=": other.low <= size.low and size.high <= other.high,
        "!=": not (other.low <= size.low and size.high <= other.high),
    }[comparison]


def literal(number: Fraction, unit: str = "") -> Literal:
    """A number as a value: exact where its decimals end, else of 15 digits."""
    if number.denominator == 1:
        return Literal(str(number.numerator), INTEGER, unit=unit)
    rest = number.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    digits = (
        len(str(abs(number.numerator))) + len(str(number.denominator)) * 4 if rest == 1 else _DIGITS
    )
    found = Context(prec=max(digits, _DIGITS)).divide(
        Decimal(number.numerator), Decimal(number.denominator)
    )
    return Literal(f"{found:f}", DECIMAL, unit=unit)


def total(values: Sequence[Literal], *, mean: bool) -> Literal | None:
    """The sum or mean of the numbers of the commonest dimension, in the commonest unit.

    Else None.
    """
    items = measure_all(values)
    dimension = main_dimension(items)
    items = [item for item in items if item.quantity.dimension == dimension]
    if not items or dimension == DATE:
        return None
    unit = main_unit(item.value.unit for item in items)
    known = unit_of(unit)
    numbers = [item.quantity.low / known.factor - known.offset for item in items]
    found = sum(numbers, Fraction(0))
    return literal(found / len(numbers) if mean else found, unit)


def total_of_parts(
    parts: Sequence[tuple[str, int, float]], others: Sequence[tuple[str, str]], *, mean: bool
) -> Literal | None:
    """The same of many values.

    Args:
        parts: (dimension, how many, their sum in the base unit).
        others: (dimension, unit) of some of them.
        mean: Whether the mean is wanted.
    """
    dimension, many, total = min(parts, key=lambda part: (-part[1], part[0]), default=(DATE, 0, 0))
    if dimension == DATE:
        return None
    unit = main_unit(unit for name, unit in others if name == dimension)
    known = unit_of(unit)
    found = Fraction(total) / known.factor - known.offset * many
    return round_double(found / many if mean else found, unit)


def round_double(number: Fraction, unit: str) -> Literal:
    """A number that was computed in double precision: whole where it is, else of 12 digits."""
    if number.denominator == 1:
        return literal(number, unit)
    return literal(Fraction(f"{float(number):.12g}"), unit)


def extreme(values: Sequence[Literal], *, greatest: bool) -> Literal | None:
    """The greatest or least of the values of the commonest dimension, as stated; None of none."""
    items = measure_all(values)
    dimension = main_dimension(items)
    items = [item for item in items if item.quantity.dimension == dimension]
    if not items:
        return None
    chosen = max if greatest else min
    return chosen(items, key=lambda item: (item.quantity.low, item.quantity.high)).value


def difference(left: Literal, right: Literal) -> Literal | None:
    """How much one value is more than another, in the unit of the first.

    None if they do not compare.

    Dates differ in days, counted from the begin of each; two that are no more than years in years;
    one with a time in seconds.
    """
    one, two = quantity(left), quantity(right)
    if one is None or two is None:
        return None
    if one.dimension != two.dimension:
        left, right = _as_year(left, two), _as_year(right, one)
        one, two = quantity(left), quantity(right)
    if one is None or two is None or one.dimension != two.dimension:
        return None
    apart = one.low - two.low
    if one.dimension == DATE:
        return _span(left, right, apart)
    return literal(apart / unit_of(left.unit).factor, left.unit)


def _as_year(value: Literal, other: Quantity) -> Literal:
    """A plain number as a year where the other is a date."""
    return (year(value) or value) if other.dimension == DATE else value


def _span(left: Literal, right: Literal, apart: Fraction) -> Literal:
    if left.datatype == right.datatype == _YEAR:
        one, two = (int(_ZONE("", value.value)) for value in (left, right))
        return literal(Fraction(one - two), YEARS)
    if apart % DAY:
        return literal(apart, SECONDS)
    return literal(apart / DAY, DAYS)
