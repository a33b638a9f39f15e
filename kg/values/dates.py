"""Converts dates of any year, also without day or month, to their first and last second.

Years follow XML Schema 1.1, which has a year 0; a time without a zone is taken as UTC.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from kg.vocabulary import XSD

if TYPE_CHECKING:
    from fractions import Fraction

SECONDS_PER_DAY = 86_400
"""Seconds per day."""
_MAX_CHARACTERS = 64
"""The maximum number of characters of a date."""
_MAX_ZONE_SECONDS = 14 * 3600
"""The maximum number of seconds between a zone and UTC."""

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

    A day, time or zone that does not exist is other text, too: loaders of RDF accept any text as a
    date, such as 30 February or 99 o'clock.

    Args:
        text: The lexical form of the date.
        datatype: ``xsd:date``, ``dateTime``, ``gYearMonth`` or ``gYear``. A ``dateTime`` is a
            single moment.
    """
    from fractions import Fraction

    match = _FORMS[datatype](text) if datatype in _FORMS and len(text) <= _MAX_CHARACTERS else None
    if match is None:
        return None
    parts: dict[str, str | None] = match.groupdict()
    year, month, day = int(match["year"]), int(parts.get("month") or 1), int(parts.get("day") or 1)
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        return None
    first_day, next_month = _days(year, month, day), _days(year + month // 12, month % 12 + 1, 1)
    zone = _zone(parts.get("zone"))
    if first_day >= next_month or zone is None:
        return None
    if "hour" in parts:
        time = time_of_day(str(parts["hour"]), str(parts["minute"]), str(parts["second"]))
        if time is None:
            return None
        return SECONDS_PER_DAY * first_day + time - zone, SECONDS_PER_DAY * first_day + time - zone
    if "day" in parts:
        following = first_day + 1
    elif "month" in parts:
        following = next_month
    else:
        following = _days(year + 1, 1, 1)
    return Fraction(SECONDS_PER_DAY * first_day - zone), Fraction(
        SECONDS_PER_DAY * following - zone - 1
    )


def time_of_day(hours: str, minutes: str, seconds: str) -> Fraction | None:
    """The seconds from midnight to a time; None if it does not exist. 24:00:00 ends the day."""
    from fractions import Fraction

    time = Fraction(3600 * int(hours) + 60 * int(minutes)) + Fraction(seconds)
    exists = int(minutes) < 60 and Fraction(seconds) < 60 and time <= SECONDS_PER_DAY
    return time if exists else None


def _days(year: int, month: int, day: int) -> int:
    """The days from 1 March of the year 0.

    The year begins in March, so that the leap day is its last one.
    """
    years = year - (month < 3)
    days = 365 * years + years // 4 - years // 100 + years // 400
    return days + (153 * ((month + 9) % 12) + 2) // 5 + day - 1


def _zone(zone: str | None) -> int | None:
    """The seconds by which the clocks of a zone, such as "+05:30", are ahead of UTC.

    None if the zone does not exist.
    """
    if zone is None or zone == "Z":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    ahead = 60 * (60 * hours + minutes)
    if minutes > 59 or ahead > _MAX_ZONE_SECONDS:
        return None
    return ahead if zone[0] == "+" else -ahead
