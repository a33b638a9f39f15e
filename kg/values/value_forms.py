"""Reads values from text: numbers, quantities ("3 km"), dates, URLs, e-mail addresses, versions.

A text may have several forms: ``1.234`` is a number in English, and one a thousand times as large
in German; ``03/04/2020`` is a day in March or in April. The form is decided for a whole column
(:mod:`kg.values.infer`).
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from kg.types import Literal
from kg.vocabulary import EMAIL, VERSION, XSD

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ENTITY = "entity"
TEXT = "text"

INTEGER, DECIMAL, DOUBLE = f"{XSD}integer", f"{XSD}decimal", f"{XSD}double"
NUMBERS = (INTEGER, DECIMAL, DOUBLE)
NUMERIC = (*NUMBERS, *(f"{XSD}{name}" for name in (
    "float", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger",
    "nonPositiveInteger",
    "negativeInteger", "unsignedInt", "unsignedLong", "unsignedShort",
    "unsignedByte")))  # fmt: skip
"""The datatypes of numbers in files."""
DATES = tuple(f"{XSD}{name}" for name in ("date", "dateTime", "gYearMonth", "gYear"))

_THOUSANDS = "[,\u00a0\u202f' ]"
_WHOLE = rf"(?:0|[1-9]\d*|[1-9]\d{{0,2}}(?:{_THOUSANDS}\d{{3}})+)"
_POINT = rf"(?:{_WHOLE}(?:\.\d+)?|\.\d+)"
_COMMA = r"(?:0|[1-9]\d*|[1-9]\d{0,2}(?:[.\u00a0\u202f' ]\d{3})+)(?:,\d+)?"
_SIGN = "[+-\u2212]?".replace("+-", "+\\-")

# A unit that has a size is in ``_BASES`` of kg/values/units.py too.
_UNITS = (
    "°C|°F|°|%|‰|K|kg|g|mg|µg|t|lb|lbs|oz|st|km|m|cm|mm|µm|nm|mi|miles?|ft|feet|in|inch(?:es)?|yd|au|AU|ly|pc|nmi"
    "|km²|m²|cm²|mm²|km2|m2|cm2|sq ?km|sq ?mi|ha|acres?|m³|cm³|m3|cm3|km³|l|L|ml|mL|cl|dl|hl|gal"
    "|ms|µs|ns|s|sec|min|mins|minutes?|h|hrs?|hours?|d|days?|weeks?|months?|years?|yrs?"
    "|[kMGTP]?Hz|[kMGTP]?i?B|[kMGTP]?bit|bytes?|[kMGTmµ]?W|[kMGT]?Wh|[kMGT]?J|kcal|cal|[kMm]?V|mA|A|[kM]?Ω|[kMG]?Pa|hPa|bar|mbar"
    "|[kMG]?N|[kM]?eV|GeV|mol|cd|lm|lx|dB|px|km/h|m/s|mph|kn|kg/m³|g/cm³|g/cm3|kg/m3|g/mol|people/km²"
    "|USD|EUR|GBP|CHF|JPY|CNY|INR|AUD|CAD|SEK|NOK|DKK|PLN|CZK|BRL|MXN|ZAR|[$€£¥₹]"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)


class ValueForm(NamedTuple):
    """A form of values in text.

    Attributes:
        name: The name of the form.
        kind: The kind of its values, as in ``types=``.
        read: Returns the value of a text; None if the text does not have the form.
        beside: Reads texts of another form that may occur in the same column: plain numbers among
            quantities, 20230101 among versions.
    """

    name: str
    kind: str
    read: Callable[[str], Literal | None]
    beside: Callable[[str], Literal | None] | None = None

    def value(self, text: str) -> Literal | None:
        """The value of a text in a column of this form, or None."""
        value = self.read(text)
        return self.beside(text) if value is None and self.beside is not None else value


# ── numbers ──────────────────────────────────────────────────────────────────────────────────────


def _plain(text: str, comma: bool) -> str:
    """The digits of a number without separators, with a decimal point."""
    text = re.sub("[\u00a0\u202f' ]", "", text).replace("\u2212", "-").removeprefix("+")
    return text.replace(".", "").replace(",", ".") if comma else text.replace(",", "")


def _numeral(text: str, unit: str = "", *, comma: bool = False) -> Literal:
    plain = _plain(text, comma)
    if plain.lstrip("-").startswith("."):
        plain = plain.replace(".", "0.", 1)
    return Literal(plain, DECIMAL if "." in plain else INTEGER, unit=unit)


def _numbers(pattern: str, *, comma: bool = False) -> Callable[[str], Literal | None]:
    match = re.compile(_SIGN + pattern).fullmatch

    def read(text: str) -> Literal | None:
        return _numeral(text, comma=comma) if match(text) else None

    return read


_INTEGER = _numbers(_WHOLE)
_EXPONENT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d{1,3}")
_READ_POINT = _numbers(_POINT)
_COMMA_DECIMAL = _numbers(_COMMA, comma=True)


def _decimal(text: str) -> Literal | None:
    value = _READ_POINT(text)
    if value is None:
        return Literal(text, DOUBLE) if _EXPONENT.fullmatch(text) else None
    return value


def _quantities(number: str, *, comma: bool) -> Callable[[str], Literal | None]:
    after = re.compile(rf"({_SIGN}{number})[ \u00a0\u202f]?({_UNITS})").fullmatch
    before = re.compile(rf"({_SIGN})([$€£¥₹]|USD|EUR|GBP|CHF) ?({number})").fullmatch

    def read(text: str) -> Literal | None:
        if match := after(text):
            return _numeral(match[1], match[2], comma=comma)
        if match := before(text):
            return _numeral(match[1] + match[3], match[2], comma=comma)
        return None

    return read


# ── dates ────────────────────────────────────────────────────────────────────────────────────────

_ISO = re.compile(
    r"(-?\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T"
    r" ](\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?"
)


def _iso(text: str) -> Literal | None:
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    if month is None:
        return Literal(year, f"{XSD}gYear")
    if day is None:
        return Literal(text, f"{XSD}gYearMonth") if 1 <= int(month) <= 12 else None
    if not _is_day(int(year), int(month), int(day)):
        return None
    start = f"{year}-{month}-{day}"
    if hour is None:
        return Literal(start, f"{XSD}date")
    if int(hour) > 23 or int(minute) > 59 or int(second or 0) > 59:
        return None
    zone = zone or ""
    if len(zone) == 5:
        zone = f"{zone[:3]}:{zone[3:]}"
    time = f"{hour}:{minute}:{second or '00'}{fraction or ''}{zone}"
    return Literal(f"{start}T{time}", f"{XSD}dateTime")


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year if 1 <= year <= 9999 else 2000, month, day)
    except ValueError:
        return False
    return True


def _days(pattern: str, order: str) -> Callable[[str], Literal | None]:
    """A reader of days; ``order`` names the pattern's groups by their letters d, m and y."""
    pattern_match = re.compile(pattern, re.IGNORECASE).fullmatch

    def read(text: str) -> Literal | None:
        match = pattern_match(text)
        if match is None:
            return None
        part = dict(zip(order, match.groups(), strict=True))
        month = part["m"]
        number = int(month) if month.isdigit() else _MONTHS.index(month[:3].lower()) + 1
        if not _is_day(int(part["y"]), number, int(part["d"])):
            return None
        return Literal(f"{part['y']}-{number:02}-{int(part['d']):02}", f"{XSD}date")

    return read


_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")


def _time(text: str) -> Literal | None:
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    return Literal(f"{int(match[1]):02}:{match[2]}:{match[3] or '00'}", f"{XSD}time")


# ── addresses, versions, truth values ────────────────────────────────────────────────────────────


def _texts(pattern: str, datatype: str, flags: int = 0) -> Callable[[str], Literal | None]:
    """A reader of texts that match a pattern; the value is the text as it is."""
    match = re.compile(pattern, flags).fullmatch

    def read(text: str) -> Literal | None:
        return Literal(text, datatype) if match(text) else None

    return read


# An optional epoch (as in Debian), a number, then parts after a point, hyphen, tilde or plus.
_VERSION = re.compile(r"v?(?:\d+:)?\d[0-9A-Za-z]*(?:[.~+-][0-9A-Za-z]*)+")
_NUMBERED = re.compile(r"\d[.:~+-][A-Za-z]{0,6}\d")
"""Distinguishes a version from a name such as 1-ethyl-propane."""


def _version(text: str) -> Literal | None:
    if len(text) > 100 or not _NUMBERED.search(text) or not _VERSION.fullmatch(text):
        return None
    return Literal(text, VERSION)


def _bare_version(text: str) -> Literal | None:
    return Literal(text, VERSION) if text.isascii() and text.isdigit() else None


def _boolean(text: str) -> Literal | None:
    low = text.lower()
    return Literal(low, f"{XSD}boolean") if low in ("true", "false") else None


FORMS: Sequence[ValueForm] = (
    ValueForm("integer", "integer", _INTEGER),
    ValueForm("decimal", "decimal", _decimal),
    ValueForm("decimal, comma", "decimal", _COMMA_DECIMAL),
    ValueForm("quantity", "quantity", _quantities(_POINT, comma=False), _decimal),
    ValueForm("quantity, comma", "quantity", _quantities(_COMMA, comma=True), _COMMA_DECIMAL),
    ValueForm("date", "date", _iso),
    ValueForm("date, d.m.y", "date", _days(r"(\d{1,2})\. ?(\d{1,2})\. ?(\d{4})", "dmy")),
    ValueForm("date, d/m/y", "date", _days(r"(\d{1,2})/(\d{1,2})/(\d{4})", "dmy")),
    ValueForm("date, m/d/y", "date", _days(r"(\d{1,2})/(\d{1,2})/(\d{4})", "mdy")),
    ValueForm(
        "date, d month y", "date", _days(rf"(\d{{1,2}})\.? ({_MONTH})\.?,? (\d{{4}})", "dmy")
    ),
    ValueForm("date, month d y", "date", _days(rf"({_MONTH})\.? (\d{{1,2}}),? (\d{{4}})", "mdy")),
    ValueForm("time", "time", _time),
    ValueForm("boolean", "boolean", _boolean),
    ValueForm(
        "url",
        "url",
        _texts(
            r"(?:https?|ftp|file)://[^\s<>\"]+|www\.[^\s<>\"]+\.[^\s<>\"]+",
            f"{XSD}anyURI",
            re.IGNORECASE,
        ),
    ),
    ValueForm(
        "email", "email", _texts(r"(?:mailto:)?[^@\s<>,;]+@[^@\s<>,;]+\.[A-Za-z]{2,}", EMAIL)
    ),
    ValueForm("version", "version", _version, _bare_version),
)
"""All forms in order of preference: the first that fits a whole column is chosen."""

may_be_value = re.compile(
    r"[\d+\u2212.$€£¥₹-]|https?:|ftp:|file:|www\.|[^@\s]+@|true$|false$|USD|EUR|GBP|CHF|v\d"
    rf"|{_MONTH}\.? \d",
    re.IGNORECASE,
).match
"""A quick check whether a text may be a value, by its beginning."""

AMBIGUOUS = ("date, d/m/y", "date, m/d/y")
"""Forms that read the same text as different days."""

KINDS = (ENTITY, TEXT, *dict.fromkeys(form.kind for form in FORMS))
"""The kinds of relations allowed in ``types=``."""


def candidates(text: str) -> list[Literal]:
    """All values that a single text may denote, likeliest first: ``1984`` is a number or a year."""
    values = (form.read(text) for form in FORMS)
    return list(dict.fromkeys([value for value in values if value is not None]))


def parse(text: str, kind: str | None = None) -> Literal | None:
    """The value of a text by the first form that fits, of ``kind`` if given; None if none fits."""
    if kind == TEXT:
        return Literal(text)
    for form in FORMS:
        if kind in (None, form.kind):
            value = form.read(text)
            if value is not None:
                return value
    return None
