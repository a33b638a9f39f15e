"""Formats values in a language: numbers with separators, dates with names of months."""

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
MAX_DECIMALS = 4
"""The maximum number of decimals that are shown; a number with more decimals is rounded."""


class Values:
    """Formats values.

    Args:
        data: The separators ``thousands`` and ``decimal``, ``about`` for a rounded number,
            ``months``, and the templates ``day`` and ``month`` of dates.
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
        """Convert a number from English notation to that of the language; text after it stays."""
        match = _NUMBER.match(text)
        if match is None:
            return text
        whole, decimals = match[1], (match[2] or "").rstrip("0")
        number = f"{whole}.{decimals}" if decimals else whole
        rounded = _round_number(number) if len(decimals) > MAX_DECIMALS else number
        shown = rounded.translate(self._separators)
        if rounded != number:
            shown = self._data["about"].format(number=shown)
        return shown + text[match.end() :]

    def _date(self, text: str) -> str:
        """A day or month in the format of the language; other texts stay as they are."""
        match = _DATE.fullmatch(text)
        months = self._data["months"]
        if match is None or not 1 <= int(match[2]) <= len(months):
            return text
        parts = {"year": match[1], "month": months[int(match[2]) - 1]}
        if match[3] is None:
            return str(self._data["month"].format(**parts))
        return str(self._data["day"].format(**parts, day=int(match[3])))


def _round_number(number: str) -> str:
    """Round a number to two decimals, or to three significant digits."""
    value = float(number.replace(",", ""))
    if abs(value) >= 1:
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    text = f"{value:.3g}"
    return number if "e" in text else text
