"""Quantities of values in base units, exactly: a number, or a date by its first and last second.

Text is read by :mod:`kg.values.value_forms`; this file converts the units ("3 km" is 3000 m).
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from kg.types import Literal
from kg.values.dates import span, time_of_day
from kg.values.units import unit_of
from kg.values.value_forms import AMBIGUOUS, DATES, FORMS, NUMERIC, may_be_value
from kg.vocabulary import XSD

DATE, TIME = "date", "time"
"""The dimensions of dates and of times of the day."""

_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d{1,4}))?\s*")
_CLOCK = re.compile(r"(\d\d):(\d\d):(\d\d(?:\.\d+)?)")
_MAX_CHARACTERS = 1_000
"""The maximum number of characters of a number."""
_MAX_EXPONENT = 400
"""The greatest power of ten in a number."""
_KINDS = ("integer", "decimal", "quantity", "date")
_FORMS = [form for form in FORMS if form.kind in _KINDS and form.name not in AMBIGUOUS]
_FIRST_LONG_YEAR = 10_000
"""The first number with too many digits for a year."""
_DATES, _NUMERIC = frozenset(DATES), frozenset(NUMERIC)


class Quantity(NamedTuple):
    """The size of a value, which is comparable with sizes of the same dimension only.

    Attributes:
        dimension: The base unit, "" for plain numbers, :data:`DATE`, :data:`TIME`, or the name of
            an unknown unit.
        low: The number in the base unit; for a date, its first second.
        high: The same number; for a date, its last second: for 1990, that of 31 December.
    """

    dimension: str
    low: Fraction
    high: Fraction


@lru_cache(maxsize=16_384)
def quantity(value: Literal) -> Quantity | None:
    """The quantity of a value; None if it has none. Text may be a number or a date too."""
    if value.datatype in _NUMERIC:
        return _number(value.value, value.unit)
    if value.datatype in _DATES:
        seconds = span(value.value, value.datatype)
        return None if seconds is None else Quantity(DATE, *seconds)
    if value.datatype == f"{XSD}time":
        return _time(value.value)
    if value.datatype or value.language or not may_be_value(value.value):
        return None
    if value.unit:
        return _number(value.value, value.unit)
    readings = (form.read(value.value) for form in _FORMS)
    typed = next((reading for reading in readings if reading is not None), None)
    return None if typed is None else quantity(typed)


def year(value: Literal) -> Literal | None:
    """A whole number without a unit as a year of at most four digits; None for other values."""
    size = quantity(value)
    if size is None or size.dimension or size.low.denominator != 1:
        return None
    if abs(size.low) >= _FIRST_LONG_YEAR:
        return None
    number = int(size.low)
    return Literal(f"{'-' * (number < 0)}{abs(number):04}", f"{XSD}gYear")


def _number(text: str, unit: str) -> Quantity | None:
    match = _NUMBER.fullmatch(text) if len(text) <= _MAX_CHARACTERS else None
    if match is None or abs(int(match[2] or 0)) > _MAX_EXPONENT:
        return None
    digits, exponent = match.groups()
    # Arithmetic with fractions takes most of the time of loading values, so operations that would
    # not change the number are skipped.
    number = Fraction(digits) if "." in digits else Fraction(int(digits))
    if exponent:
        number *= Fraction(10) ** int(exponent)
    measure = unit_of(unit)
    if measure.offset or measure.factor != 1:
        number = measure.factor * (number + measure.offset)
    return Quantity(measure.dimension, number, number)


def _time(text: str) -> Quantity | None:
    match = _CLOCK.match(text)
    if match is None:
        return None
    moment = time_of_day(*match.groups())
    return None if moment is None else Quantity(TIME, moment, moment)
