"""Dates of any year for RDFLib: Python's own end at the years 1 and 9999, and RDFLib compares what is beyond as text.

Years are counted as XML Schema 1.1 does, with a year 0. A time without a zone counts as UTC.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import rdflib
from rdflib.namespace import XSD

if TYPE_CHECKING:
    from fractions import Fraction

_TIME = r"T(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d(?:\.\d+)?)"
_ZONE = r"(?P<zone>Z|[+-]\d\d:\d\d)?"
_YEAR = r"(?P<year>-?\d{4,})"
_FORMS = {
    str(XSD.date): re.compile(rf"{_YEAR}-(?P<month>\d\d)-(?P<day>\d\d){_ZONE}").fullmatch,
    str(XSD.dateTime): re.compile(
        rf"{_YEAR}-(?P<month>\d\d)-(?P<day>\d\d){_TIME}{_ZONE}"
    ).fullmatch,
    str(XSD.gYear): re.compile(rf"{_YEAR}{_ZONE}").fullmatch,
    str(XSD.gYearMonth): re.compile(rf"{_YEAR}-(?P<month>\d\d){_ZONE}").fullmatch,
}
_LONGEST = 64
"""Characters of a date that is read."""


def seconds(text: str, datatype: str) -> Fraction | None:
    """The seconds from 1 March of the year 0 to a date; None where the text is none of its type."""
    from fractions import Fraction

    found = _FORMS[datatype](text) if datatype in _FORMS and len(text) <= _LONGEST else None
    if found is None:
        return None
    parts: dict[str, str | None] = found.groupdict()
    year, month, day = int(found["year"]), int(parts.get("month") or 1), int(parts.get("day") or 1)
    if not 1 <= month <= 12 or not 1 <= day <= 31:  # months and days
        return None
    # The year begins in March, so that the leap day is its last one.
    years = year - (month < 3)
    days = 365 * years + years // 4 - years // 100 + years // 400
    days += (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    clock = 3600 * int(parts.get("hour") or 0) + 60 * int(parts.get("minute") or 0)
    zone = parts.get("zone")
    if zone not in (None, "Z"):
        away = 60 * (60 * int(str(zone)[1:3]) + int(str(zone)[4:6]))
        clock -= away if str(zone)[0] == "+" else -away
    return Fraction(86_400 * days + clock) + Fraction(parts.get("second") or 0)


class Date(rdflib.Literal):
    """A date, time, month or year that is compared by what it means; with anything else as RDFLib does."""

    def _keys(self, other: object) -> tuple[Fraction, Fraction] | None:
        if not isinstance(other, rdflib.Literal) or self.datatype != other.datatype:
            return None
        mine, others = (seconds(str(item), str(item.datatype)) for item in (self, other))
        return None if mine is None or others is None else (mine, others)

    def __gt__(self, other: Any) -> bool:
        """Whether it is later."""
        keys = self._keys(other)
        return bool(super().__gt__(other)) if keys is None else keys[0] > keys[1]

    def __lt__(self, other: Any) -> bool:
        """Whether it is earlier."""
        keys = self._keys(other)
        return bool(super().__lt__(other)) if keys is None else keys[0] < keys[1]

    def __ge__(self, other: Any) -> bool:
        """Whether it is later or at the same time."""
        keys = self._keys(other)
        return bool(super().__ge__(other)) if keys is None else keys[0] >= keys[1]

    def __le__(self, other: Any) -> bool:
        """Whether it is earlier or at the same time."""
        keys = self._keys(other)
        return bool(super().__le__(other)) if keys is None else keys[0] <= keys[1]

    def eq(self, other: Any) -> bool:
        """Whether it is the same time."""
        keys = self._keys(other)
        return bool(super().eq(other)) if keys is None else keys[0] == keys[1]

    def neq(self, other: Any) -> bool:
        """Whether it is another time."""
        return not self.eq(other)

    __hash__ = rdflib.Literal.__hash__


def as_date(term: rdflib.Literal) -> rdflib.Literal:
    """The literal as a :class:`Date`, where it is one; other literals as they are."""
    kind = str(term.datatype)
    if kind not in _FORMS or isinstance(term, Date) or seconds(str(term), kind) is None:
        return term
    return Date(str(term), datatype=term.datatype, normalize=False)
