"""Exact quantities of values: a number in its base unit, or a date in seconds."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from kg.types import Literal
from kg.values.dates import span
from kg.values.forms import AMBIGUOUS, DATES, FORMS, NUMERIC, may_be_value
from kg.values.units import unit_of
from kg.vocabulary import XSD

DATE, TIME = "date", "time"
"""The dimensions of dates and of times of the day."""

_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d{1,4}))?\s*").fullmatch
_CLOCK = re.compile(r"(\d\d):(\d\d):(\d\d(?:\.\d+)?)").match
_LONGEST = 1_000
"""The most characters of a number."""
_GREATEST = 400
"""The greatest power of ten of a number."""
_KINDS = ("integer", "decimal", "quantity", "date")
_FORMS = [form for form in FORMS if form.kind in _KINDS and form.name not in AMBIGUOUS]
_YEARS = 10_000
_DATES, _NUMERIC = frozenset(DATES), frozenset(NUMERIC)


class Quantity(NamedTuple):
    """A value as it compares: only with those of the same dimension.

    Attributes:
        dimension: The base unit, "" of plain numbers, :data:`DATE`, :data:`TIME`, or the name of an
            unknown unit.
        low: The number in the base unit; the first second of a date.
        high: The same number; the last second of a date: that of 1990 is on 31 December.
    """

    dimension: str
    low: Fraction
    high: Fraction


@lru_cache(maxsize=16_384)
def quantity(value: Literal) -> Quantity | None:
    """What a value measures, also text that is a number or a date; None for other values."""
    if value.datatype in _NUMERIC:
        return _number(value.value, value.unit)
    if value.datatype in _DATES:
        found = span(value.value, value.datatype)
        return None if found is None else Quantity(DATE, *found)
    if value.datatype == f"{XSD}time":
        return _time(value.value)
    if value.datatype or value.language or not may_be_value(value.value):
        return None
    if value.unit:
        return _number(value.value, value.unit)
    read = (form.read(value.value) for form in _FORMS)
    typed = next((item for item in read if item is not None), None)
    return None if typed is None else quantity(typed)


def year(value: Literal) -> Literal | None:
    """A plain whole number as a year; None where it is none."""
    size = quantity(value)
    if size is None or size.dimension or size.low.denominator != 1 or abs(size.low) >= _YEARS:
        return None
    number = int(size.low)
    return Literal(f"{'-' * (number < 0)}{abs(number):04}", f"{XSD}gYear")


def _number(text: str, unit: str) -> Quantity | None:
    found = _NUMBER(text) if len(text) <= _LONGEST else None
    if found is None or abs(int(found[2] or 0)) > _GREATEST:
        return None
    # Arithmetic with fractions is most of the time of loading values: none where it changes
    # nothing.
    number = Fraction(found[1]) if "." in found[1] else Fraction(int(found[1]))
    if found[2]:
        number *= Fraction(10) ** int(found[2])
    known = unit_of(unit)
    if known.offset or known.factor != 1:
        number = known.factor * (number + known.offset)
    size = number
    return Quantity(known.dimension, size, size)


def _time(text: str) -> Quantity | None:
    found = _CLOCK(text)
    if found is None:
        return None
    moment = Fraction(3600 * int(found[1]) + 60 * int(found[2])) + Fraction(found[3])
    return Quantity(TIME, moment, moment)
