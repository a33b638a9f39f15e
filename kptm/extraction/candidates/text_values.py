"""Finds values in running text: dates, and numbers with or without a unit; compares values."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from kg.naming.folding import fold
from kg.types import Literal
from kg.values.base_quantities import quantity
from kg.values.units import unit_of
from kg.values.value_forms import AMBIGUOUS, FORMS
from kg.vocabulary import XSD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.values.infer import TypeDecision

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_SPAN = re.compile(
    rf"(?P<iso>\d{{4}}-\d\d-\d\d(?:T[\d:]+Z?)?)"
    rf"|(?P<day>(?:the )?{_DAY}(?: of)? {_MONTH}\.?,? \d{{4}}|{_MONTH}\.? {_DAY},? \d{{4}})"
    rf"|(?P<month>{_MONTH},? \d{{4}})"
    r"|(?P<code>\b\d+(?:-\d+){2,}(?:-[\dXx])?)"
    r"|(?P<number>(?<![\w.,-])[-\u2212]?\d+(?:[,\u00a0\u202f]\d{3})*(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"(?P<scale> (?:hundred|thousand|million|billion))?(?P<unit>["
    r" \u00a0-]?(?:[^\W\d_]+[²³23]?|[%‰°€$£])(?:/[^\W\d_]+[²³]?)?)?",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SCALES = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9}
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b", re.IGNORECASE)
_DATES = [form for form in FORMS if form.kind == "date" and form.name not in AMBIGUOUS]


class TextValue(NamedTuple):
    """A value with its span in a text."""

    start: int
    end: int
    literal: Literal


def value_spans(text: str) -> Iterator[TextValue]:
    """Yield the values in a text, from left to right."""
    for match in _SPAN.finditer(text):
        value = _number(match) if match["number"] else _date_or_code(match)
        if value is not None:
            yield value


def _date_or_code(match: re.Match[str]) -> TextValue | None:
    """A date, a month, or a code such as an ISBN."""
    start, end = match.span()
    if match["code"]:
        return TextValue(start, end, Literal(match["code"]))
    if match["month"]:
        name, _, year = match["month"].replace(",", " ").partition(" ")
        number = _MONTHS.index(name[:3].lower()) + 1
        month = Literal(f"{year.strip()}-{number:02}", f"{XSD}gYearMonth")
        return TextValue(start, end, month)
    plain = _ORDINAL.sub("", match[0].removeprefix("the ").removeprefix("The ")).replace(
        " of ", " "
    )
    readings = (form.read(plain) for form in _DATES)
    literal = next((reading for reading in readings if reading is not None), None)
    return None if literal is None else TextValue(start, end, literal)


def _number(match: re.Match[str]) -> TextValue | None:
    """A number, with the next word as its unit if that is a known unit."""
    digits = re.sub("[,\u00a0\u202f]", "", match["number"]).replace("\u2212", "-")
    end = match.end("number")
    if match["scale"]:
        digits = _scale_number(digits, _SCALES[match["scale"].strip().lower()])
        end = match.end("scale")
    unit = (match["unit"] or "").strip(" \u00a0-")
    measure = unit_of(unit) if unit else None
    # The dimension of an unknown unit is the unit itself.
    if measure is not None and measure.dimension not in ("", unit) and len(unit) < 24:
        end = match.end("unit")
    else:
        unit = ""
    if "e" in digits.lower():
        return TextValue(match.start(), end, Literal(digits, XSD + "double", unit=unit))
    kind = "decimal" if "." in digits else "integer"
    return TextValue(match.start(), end, Literal(digits, XSD + kind, unit=unit))


def _scale_number(digits: str, power: int) -> str:
    """Multiply a number by a power of ten, exactly."""
    whole, _, decimals = digits.partition(".")
    decimals = decimals.ljust(power, "0")
    remaining = decimals[power:].rstrip("0")
    return f"{whole}{decimals[:power]}" + (f".{remaining}" if remaining else "")


def shape(literal: Literal) -> str:
    """The kind of a value: "date", "year", "number", "measure" or "text"."""
    size = quantity(literal)
    if size is None:
        return "text"
    if size.dimension == "date":
        return "date"
    if literal.unit:
        return "measure"
    return "year" if len(literal.value) == 4 and literal.value.isdecimal() else "number"


@lru_cache(maxsize=65_536)
def same_value(first: Literal, second: Literal) -> bool:
    """Whether two values are equal: numbers with equal or missing units, dates, or texts."""
    if fold(first.value) == fold(second.value) and first.unit == second.unit:
        return True
    first_size, second_size = quantity(first), quantity(second)
    if first_size is None or second_size is None:
        return False
    if first_size.dimension == second_size.dimension:
        return first_size[1:] == second_size[1:]
    if first.unit and second.unit:
        return False
    dated, plain = (first, second) if first_size.dimension == "date" else (second, first)
    if "date" in (
        first_size.dimension,
        second_size.dimension,
    ):  # a number such as 1990 may be a year
        return plain.value.isdecimal() and dated.value[:4] == plain.value and "-" not in dated.value
    # One of them has no unit, so only the numbers are compared.
    numbers = [quantity(Literal(item.value, item.datatype)) for item in (first, second)]
    return numbers[0] is not None and numbers[0] == numbers[1]


def as_stored(literal: Literal, decision: TypeDecision) -> Literal:
    """Convert a value to the form of a relation's values; unchanged if that is not possible."""
    if literal.unit and decision.kind in ("integer", "decimal"):
        literal = Literal(literal.value, literal.datatype)
    text = f"{literal.value} {literal.unit}".strip()
    for form in decision.forms:
        value = form.value(text)
        if value is not None:
            return value
    return Literal(text) if decision.kind == "text" else literal
