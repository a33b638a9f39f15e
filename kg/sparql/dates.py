"""Dates of any year for RDFLib, which compares dates outside the years 1 to 9999 as text.

Years follow XML Schema 1.1, which has a year 0. A time without a zone is taken as UTC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rdflib

from kg.values.dates import DATED, seconds

if TYPE_CHECKING:
    from fractions import Fraction


class Date(rdflib.Literal):
    """A date, time, month or year that compares by its moment; with other terms as in RDFLib."""

    def _keys(self, other: object) -> tuple[Fraction, Fraction] | None:
        if not isinstance(other, rdflib.Literal) or self.datatype != other.datatype:
            return None
        own, of_other = (seconds(str(item), str(item.datatype)) for item in (self, other))
        return None if own is None or of_other is None else (own, of_other)

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
    """The literal as a :class:`Date` if it is a date; other literals unchanged."""
    kind = str(term.datatype)
    if kind not in DATED or isinstance(term, Date) or seconds(str(term), kind) is None:
        return term
    return Date(str(term), datatype=term.datatype, normalize=False)
