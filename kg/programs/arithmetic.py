"""Compares, adds up, averages and subtracts numbers with units, and dates.

Arithmetic is exact; only a mean without a finite decimal expansion is rounded.
"""

from __future__ import annotations

import re
from collections import Counter
from decimal import Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from kg.types import Literal
from kg.values.base_quantities import DATE, Quantity, quantity, year
from kg.values.dates import SECONDS_PER_DAY
from kg.values.units import unit_of
from kg.values.value_forms import DATES, DECIMAL, INTEGER
from kg.vocabulary import XSD

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.programs.expressions import Comparison

_SIGNIFICANT_DIGITS = 15
"""Significant digits of a number without a finite decimal expansion, such as 1/3."""
_YEAR = f"{XSD}gYear"
_DATE = re.compile(r"(-?\d{4,})(?:-(\d\d))?(?:-(\d\d))?")
_ZONE = re.compile(r"Z|[+-]\d\d:\d\d")
DAYS, YEARS, SECONDS = "days", "years", "seconds"
"""Units of a difference between dates.

Years if both dates are years, seconds if one of them has a time of day, else days.
"""


class Measured(NamedTuple):
    """A value with its quantity."""

    value: Literal
    quantity: Quantity


def measure_all(values: Iterable[Literal]) -> list[Measured]:
    """The values that are numbers or dates, with their quantities; other values are left out."""
    sized = ((value, quantity(value)) for value in values)
    return [Measured(value, size) for value, size in sized if size is not None]


def main_dimension(values: Iterable[Measured]) -> str:
    """The dimension of most values; of equally frequent ones the first by name, "" without any."""
    counts = Counter(item.quantity.dimension for item in values)
    return min(counts, key=lambda name: (-counts[name], name), default="")


def main_unit(units: Iterable[str]) -> str:
    """The most frequent unit; of equally frequent ones the first by name, "" without any."""
    counts = Counter(units)
    return min(counts, key=lambda name: (-counts[name], name), default="")


def as_stated(value: Literal, others: Sequence[tuple[str, str]]) -> Quantity | None:
    """Read a number without a unit in the unit of the values that it is compared with.

    Args:
        value: The number.
        others: (dimension, unit) of each value it is compared with.

    Returns:
        The number in the most frequent unit of those values, or a year if most are dates; None if
        ``value`` is no number, or no year among dates.
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


def in_unit(values: Sequence[Literal], unit: str) -> list[Literal] | None:
    """Convert numbers to one unit, and leave the unit out; None if one has another dimension.

    Args:
        values: The numbers, such as 1 h; those without a unit are of the wanted one.
        unit: The unit, such as "min".
    """
    known = unit_of(unit)
    converted = []
    for value in values:
        size = quantity(value)
        if size is not None and not value.unit:
            converted.append(value)
            continue
        if size is None or size.dimension != known.dimension:
            return None
        converted.append(literal(size.low / known.factor - known.offset))
    return converted


def compares(size: Quantity, comparison: Comparison, other: Quantity) -> bool:
    """Whether ``size comparison other`` holds; never between different dimensions.

    A year is the period of all its days: 3 May 1990 equals 1990 (``=``), and is neither before nor
    after it.
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
    """A number as a value: exact if its decimal expansion is finite, else to 15 digits."""
    if number.denominator == 1:
        return Literal(str(number.numerator), INTEGER, unit=unit)
    remainder = number.denominator
    for prime in (2, 5):
        while remainder % prime == 0:
            remainder //= prime
    digits = (
        len(str(abs(number.numerator))) + len(str(number.denominator)) * 4
        if remainder == 1
        else _SIGNIFICANT_DIGITS
    )
    decimal = Context(prec=max(digits, _SIGNIFICANT_DIGITS)).divide(
        Decimal(number.numerator), Decimal(number.denominator)
    )
    return Literal(f"{decimal:f}", DECIMAL, unit=unit)


def total(values: Sequence[Literal], *, mean: bool) -> Literal | None:
    """The sum or mean of the numbers of the most frequent dimension, in their most frequent unit.

    None if that dimension is a date, or without numbers.
    """
    items = measure_all(values)
    dimension = main_dimension(items)
    items = [item for item in items if item.quantity.dimension == dimension]
    if not items or dimension == DATE:
        return None
    unit = main_unit(item.value.unit for item in items)
    base = unit_of(unit)
    numbers = [item.quantity.low / base.factor - base.offset for item in items]
    sum_ = sum(numbers, Fraction(0))
    return literal(sum_ / len(numbers) if mean else sum_, unit)


def total_of_parts(
    parts: Sequence[tuple[str, int, float]], others: Sequence[tuple[str, str]], *, mean: bool
) -> Literal | None:
    """The sum or mean of many values, from totals that SQL computed.

    Args:
        parts: Per dimension: (dimension, number of values, their sum in the base unit).
        others: (dimension, unit) of a sample of the values, which decides the unit of the result.
        mean: Whether to return the mean.
    """
    dimension, count, total = min(parts, key=lambda part: (-part[1], part[0]), default=(DATE, 0, 0))
    if dimension == DATE:
        return None
    unit = main_unit(unit for name, unit in others if name == dimension)
    base = unit_of(unit)
    sum_ = Fraction(total) / base.factor - base.offset * count
    return round_double(sum_ / count if mean else sum_, unit)


def round_double(number: Fraction, unit: str) -> Literal:
    """A number computed in double precision as a value: an integer, or rounded to 12 digits."""
    if number.denominator == 1:
        return literal(number, unit)
    return literal(Fraction(f"{float(number):.12g}"), unit)


def extreme(values: Sequence[Literal], *, greatest: bool) -> Literal | None:
    """The greatest or least value of the most frequent dimension, as stated; None without any."""
    items = measure_all(values)
    dimension = main_dimension(items)
    items = [item for item in items if item.quantity.dimension == dimension]
    if not items:
        return None
    chosen = max if greatest else min
    return chosen(items, key=lambda item: (item.quantity.low, item.quantity.high)).value


def difference(left: Literal, right: Literal) -> Literal | None:
    """``left`` minus ``right``, in the unit of ``left``; None if their dimensions differ.

    The difference of two dates is in days between their beginnings; of two years it is in years,
    and in seconds if one date has a time of day.
    """
    minuend, subtrahend = quantity(left), quantity(right)
    if minuend is None or subtrahend is None:
        return None
    if minuend.dimension != subtrahend.dimension:
        left, right = _as_year(left, subtrahend), _as_year(right, minuend)
        minuend, subtrahend = quantity(left), quantity(right)
    if minuend is None or subtrahend is None or minuend.dimension != subtrahend.dimension:
        return None
    distance = minuend.low - subtrahend.low
    if minuend.dimension == DATE:
        return _span(left, right, distance)
    return literal(distance / unit_of(left.unit).factor, left.unit)


def complete_years(left: Literal, right: Literal) -> Literal | None:
    """The complete years from ``right`` to ``left``, as of an age; negative if ``left`` is earlier.

    A day that a date does not state counts as the first of its year or month. None if one of the
    values is no date, and no number that may be a year.
    """
    end, start = _calendar_day(left), _calendar_day(right)
    if end is None or start is None:
        return None
    early, late, sign = (start, end, 1) if end >= start else (end, start, -1)
    years = late[0] - early[0] - (late[1:] < early[1:])
    return literal(Fraction(sign * years), YEARS)


def _calendar_day(value: Literal) -> tuple[int, ...] | None:
    """Year, month and day of a date, or of a number as a year; None for other values."""
    stated = value if value.datatype in DATES else year(value)
    match = None if stated is None else _DATE.match(_ZONE.sub("", stated.value))
    return None if match is None else tuple(int(part or 1) for part in match.groups())


def _as_year(value: Literal, other: Quantity) -> Literal:
    """A plain number as a year if the other value is a date; else the number itself."""
    return (year(value) or value) if other.dimension == DATE else value


def _span(left: Literal, right: Literal, distance: Fraction) -> Literal:
    if left.datatype == right.datatype == _YEAR:
        first, second = (int(_ZONE.sub("", value.value)) for value in (left, right))
        return literal(Fraction(first - second), YEARS)
    if distance % SECONDS_PER_DAY:
        return literal(distance, SECONDS)
    return literal(distance / SECONDS_PER_DAY, DAYS)
