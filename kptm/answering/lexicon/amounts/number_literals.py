"""Turns the numbers and times of a question into values of a graph."""

from __future__ import annotations

from dataclasses import replace

from kg.types import Literal
from kg.vocabulary import XSD
from kptm.answering.lexicon.amounts.question_numbers import clock_time

CALENDAR = {"a": "year", "mo": "month", "wk": "week"}
"""The names that values have for the lexicon's codes of calendar units."""


def number_literal(number: float, unit: str = "") -> Literal:
    """A number with its unit: an integer, if it is whole; a time, if the unit is one of the day.

    >>> number_literal(6, "clock pm").value, number_literal(5, "km").unit
    ('18:00:00', 'km')
    """
    time = clock_time(number, unit)
    if time is not None:
        return Literal(time, datatype=f"{XSD}time")
    whole = number == int(number)
    text = f"{int(number)}" if whole else repr(number)
    literal = Literal(text, datatype=f"{XSD}{'integer' if whole else 'decimal'}")
    return replace(literal, unit=CALENDAR.get(unit, unit))


def date_literal(text: str) -> Literal:
    """A date as a literal of the type that fits: a year, a month of a year, or a day."""
    kind = {4: "gYear", 7: "gYearMonth"}.get(len(text.lstrip("-")), "date")
    return Literal(text, datatype=f"{XSD}{kind}")
