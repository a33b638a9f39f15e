"""Finds mentions in a passage that are not entities: dates, numbers, and unknown names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from kg.types import Literal
from kg.values import ValueKey
from kg.values.value_forms import candidates, parse

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
MAX_WORDS = 6
"""The maximum number of words of a name."""


class TextSpan(ValueKey):
    """An answer that is a name in a text, and that the graph lacks."""

    __slots__ = ()


def kind_of(node: str) -> str:
    """The kind of an answer: "entity", "value" or "name"."""
    if isinstance(node, TextSpan):
        return "name"
    return "value" if isinstance(node, ValueKey) else "entity"


class ValueSpan(NamedTuple):
    """A span of a text with all values that it may denote, likeliest first."""

    start: int
    end: int
    literals: tuple[Literal, ...]


def value_spans(text: str) -> Iterator[ValueSpan]:
    """Yield the values in a text, from left to right."""
    for match in _VALUE.finditer(text):
        if match["code"] and not parse(match[0], "date"):  # such as an ISBN
            yield ValueSpan(match.start(), match.end(), (Literal(match[0]),))
            continue
        surface = match[0].replace(" ,", ",")
        literals = candidates(surface)
        end = match.end()
        if not literals or literals[0].datatype == "":  # the last word is not a unit
            surface = surface.split(" ")[0]
            literals, end = candidates(surface), match.start() + len(surface)
        if literals:
            yield ValueSpan(match.start(), end, tuple(literals))


def name_spans(text: str, excluded: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of runs of capitalised words outside the spans of ``excluded``.

    A single word at the beginning of a sentence does not count as a name, because every sentence
    begins with a capital.
    """
    for match in _NAME.finditer(text):
        start, end = match.span()
        words = match[0].split(" ")
        if any(start < last and first < end for first, last in excluded):
            continue
        if len(words) > MAX_WORDS or max(map(len, words)) < 3:
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
        parsed = parse(literal.value, "quantity") if not literal.datatype else None
        return None if parsed is None or parsed == literal else _number(parsed)
