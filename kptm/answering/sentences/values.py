"""Values as a language writes them: numbers with separators, dates with months."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kg.values import value_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kg.types import Literal

_NUMBER = re.compile(r"(-?\d[\d,]*)(?:\.(\d+))?(?=$| |%)")
_DATE = re.compile(r"(\d{4})-(\d\d)(?:-(\d\d))?(?:T00:00:00(?:\.0+)?)?(?:Z|[+-]\d\d:\d\d)?")
_DATES = ("#date", "#dateTime", "#gYearMonth")
DECIMALS = 4
"""Decimals that are shown; a number with more of them is rounded."""


class Values:
    """Writes values.

    Args:
        data: ``thousands`` and ``decimal`` separators, ``about`` for a rounded number, ``months``,
            and the templates ``day`` and ``month`` of dates.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data
        self._separators = str.maketrans({",": data["thousands"], ".": data["decimal"]})

    def text(self, value: Literal) -> str:
        """A value with its unit."""
        if value.datatype.endswith(_DATES):
            return self._date(value.value)
        return self.number(value_text(value)) if value.datatype else value.value

    def number(self, text: str) -> str:
        """A number that is written in English, with what follows it."""
        found = _NUMBER.match(text)
        if found is None:
            return text
        whole, decimals = found[1], (found[2] or "").rstrip("0")
        number = f"{whole}.{decimals}" if decimals else whole
        rounded = _round_number(number) if len(decimals) > DECIMALS else number
        shown = rounded.translate(self._separators)
        if rounded != number:
            shown = self._data["about"].format(number=shown)
        return shown + text[found.end() :]

    def _date(self, text: str) -> str:
        found = _DATE.fullmatch(text)
        months = self._data["months"]
        if found is None or not 1 <= int(found[2]) <= len(months):
            return text
        parts = {"year": found[1], "month": months[int(found[2]) - 1]}
        if found[3] is None:
            return str(self._data["month"].format(**parts))
        return str(self._data["day"].format(**parts, day=int(found[3])))


def _round_number(number: str) -> str:
    """A number with two decimals, or three digits that say something."""
    value = float(number.replace(",", ""))
    if abs(value) >= 1:
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    text = f"{value:.3g}"
    return number if "e" in text else text
