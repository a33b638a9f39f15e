"""Converts dates of any year to seconds.

Years follow XML Schema 1.1, which has a year 0; a time without a zone is taken as UTC.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from kg.vocabulary import XSD

if TYPE_CHECKING:
    from fractions import Fraction

DAY = 86_400
_LONGEST = 64
"""The most characters of a date."""

_YEAR = r"(?P<year>-?\d{4,})"
_ZONE = r"(?P<zone>Z|[+-]\d\d:\d\d)?"
_DAY = rf"{_YEAR}-(?P<month>\d\d)-(?P<day>\d\d)"
_TIME = r"T(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d(?:\.\d+)?)"
_FORMS = {
    f"{XSD}date": re.compile(f"{_DAY}{_ZONE}").fullmatch,
    f"{XSD}dateTime": re.compile(f"{_DAY}{_TIME}{_ZONE}").fullmatch,
    f"{XSD}gYearMonth": re.compile(rf"{_YEAR}-(?P<month>\d\d){_ZONE}").fullmatch,
    f"{XSD}gYear": re.compile(f"{_YEAR}{_ZONE}").fullmatch,
}
DATED = frozenset(_FORMS)
"""The datatypes that are read."""


def seconds(text: str, datatype: str) -> Fraction | None:
    """The seconds from 1 March of the year 0 to the beginning of a date; None for other text."""
    first_and_last = span(text, datatype)
    return None if first_and_last is None else first_and_last[0]


@lru_cache(maxsize=65_536)
def span(text: str, datatype: str) -> tuple[Fraction, Fraction] | None:
    """The first and last second of a date, counted from 1 March of the year 0; None for other text.

    Args:
        text: The lexical form of the date.
        datatype: ``xsd:date``, ``dateTime``, ``gYearMonth`` or ``gYear``. A ``dateTime`` is a
            single moment.
    """
    from fractions import Fraction

    match = _FORMS[datatype](text) if datatype in _FORMS and len(text) <= _LONGEST else None
    if match is None:
        return None
    parts: dict[str, str | None] = match.groupdict()
    year, month, day = int(match["year"]), int(parts.get("month") or 1), int(parts.get("day") or 1)
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        return None
    clock = _clock(parts)
    first = DAY * _days(year, month, day) + clock
    if "hour" in parts:
        moment = first + Fraction(parts.get("second") or 0)
        return moment, moment
    if "day" in parts:
        following = DAY * _days(year, month, day) + DAY
    elif "month" in parts:
        following = DAY * _days(year + month // 12, month % 12 + 1, 1)
    else:
        following = DAY * _days(year + 1, 1, 1)
    return Fraction(first), Fraction(following + clock - 1)


def _days(year: int, month: int, day: int) -> int:
    """The days from 1 March of the year 0.

    The year begins in March, so that the leap day is its last one.
    """
    years = year - (month < 3)
    days = 365 * years + years // 4 - years // 100 + years // 400
    return days + (153 * ((month + 9) % 12) + 2) // 5 + day - 1


def _clock(parts: dict[str, str | None]) -> int:
    """The seconds of hours and minutes since midnight, minus those of the zone."""
    clock = 3600 * int(parts.get("hour") or 0) + 60 * int(parts.get("minute") or 0)
    zone = parts.get("zone")
    if zone not in (None, "Z"):
        away = 60 * (60 * int(str(zone)[1:3]) + int(str(zone)[4:6]))
        clock -= away if str(zone)[0] == "+" else -away
    return clock
