"""Finds mentions in a passage that are not entities: dates, numbers, and unknown names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from kg.types import Literal
from kg.values import ValueKey
from kg.values.forms import candidates, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_VALUE = re.compile(
    rf"(?P<code>\b\d+(?:-\d+){{2,}}(?:-[\dXx])?\b|\b\d{{4}}-\d{{3}}[\dXx]\b)|{_MONTH},?"
    rf" \d{{4}}|\d{{1,2}} {_MONTH},? \d{{4}}|{_MONTH} \d{{1,2}} ?,? \d{{4}}"
    r"|(?<![\w.,-])[-\u2212]?\d+(?:[,\u00a0\u202f]\d{3})*(?:\.\d+)?(?![\w-]|\.\d)(?:"
    r" ?(?:[^\W\d_]{1,16}[²³]?(?:/[^\W\d_]+[²³]?)?|[%‰°€$£]))?"
)
_CAPITAL = r"(?:[A-ZÀ-ÖØ-ÞĀ-ſ][\w’'&-]*|[A-Z]\.)"
_NAME = re.compile(
    rf"{_CAPITAL}(?: (?:(?:of|the|de|la|von|van|du|der|di|del|al|and|&)"
    rf" ){{0,2}}(?:{_CAPITAL}|\d+))*"
)
MOST_WORDS = 6


class TextSpan(ValueKey):
    """An answer that is a name in a text and not in the graph."""

    __slots__ = ()


def kind_of(node: str) -> str:
    """The kind of an answer: "entity", "value" or "name"."""
    if isinstance(node, TextSpan):
        return "name"
    return "value" if isinstance(node, ValueKey) else "entity"


class ValueSpan(NamedTuple):
    """A span, and all values that its text may stand for, likeliest first."""

    start: int
    end: int
    literals: tuple[Literal, ...]


def value_spans(text: str) -> Iterator[ValueSpan]:
    """The values of a text, from left to right."""
    for match in _VALUE.finditer(text):
        if match["code"] and not parse(match[0], "date"):  # an ISBN, a standard's number
            yield ValueSpan(match.start(), match.end(), (Literal(match[0]),))
            continue
        whole = match[0].replace(" ,", ",")
        found = candidates(whole)
        end = match.end()
        if not found or found[0].datatype == "":
            whole = whole.split(" ")[0]
            found, end = candidates(whole), match.start() + len(whole)
        if found:
            yield ValueSpan(match.start(), end, tuple(found))


def name_spans(text: str, taken: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The start and end of runs of capitalised words outside the spans of ``taken``.

    A text's first word alone is not a name, because every sentence begins with a capital letter.
    """
    for match in _NAME.finditer(text):
        start, end = match.span()
        words = match[0].split(" ")
        if any(start < last and first < end for first, last in taken):
            continue
        if len(words) > MOST_WORDS or max(map(len, words)) < 3:
            continue
        opens = start == 0 or text[:start].rstrip()[-1:] in tuple(".!?:\n")
        if len(words) == 1 and opens:
            continue
        yield start, end


def same_value(literals: Sequence[Literal], other: Literal) -> bool:
    """Whether one of a text's values may equal one of the graph: as text, or as a number."""
    if any(item.value == other.value and item.unit == other.unit for item in literals):
        return True
    number = _number(other)
    return number is not None and any(_number(item) == number for item in literals)


def _number(literal: Literal) -> tuple[float, str] | None:
    try:
        return float(literal.value), literal.unit
    except ValueError:
        again = parse(literal.value, "quantity") if not literal.datatype else None
        return None if again is None or again == literal else _number(again)
