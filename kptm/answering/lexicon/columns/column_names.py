"""Splits names of columns into words, spells abbreviations out, and finds units and qualifiers."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

from kptm.answering.lexicon.lexicon import load

ENGLISH = "en"
"""The language of the names."""
QUALIFIERS = frozenset(
    "overall total max maximum min minimum approx approximate approximately estimated est avg"
    " average mean current gross net incl including excl known original official"
    " unit base hourly monthly yearly annual".split()
)
"""Adjectives that tables put beside the noun of a column."""
DEGREES, HEATED = ("C", "F"), ("temperature", "temperatures", "temp", "point")
"""Units that are one letter, and words that they may follow."""
ABBREVIATIONS = Path(__file__).parent / "abbreviations.toml"
_PIECES = re.compile(r"[\w/%°²³$€£¥]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def split_words(name: str) -> str:
    """Split the camelCase and snake_case of a name: "dateOfBirth" gives "date Of Birth"."""
    return _CAMEL.sub(" ", name.replace("_", " "))


def spell_out(name: str) -> str:
    """Spell out the abbreviations of a name: "no_eps" gives "number episodes".

    A name without an abbreviation is returned as it is. No abbreviation is a word of English that
    is the whole name, such as "no", or a qualifier at the end: "population_est" is an estimate, but
    "est_year" the year in which something was established.
    """
    words = split_words(name).split()
    full = [_abbreviations().get(word.lower().strip("."), word) for word in words]
    if len(words) > 1 and _is_qualifier(words[-1]):
        full[-1] = words[-1]
    if full == words or (len(words) == 1 and load().is_function_word(load().tokens(name)[0])):
        return name
    return " ".join(full)


@cache
def _abbreviations() -> dict[str, str]:
    """The word for each abbreviation."""
    data = tomllib.loads(ABBREVIATIONS.read_text(encoding="utf-8"))
    return {short: word for word, all_ in data["words"].items() for short in all_.split()}


def without_unit(name: str) -> str:
    """Remove the unit or year from the end of a name: "weight_kg", "area (km²)", "sales 2019"."""
    words = _PIECES.findall(split_words(name))
    if len(words) > 1 and words[-1] in DEGREES and words[-2].lower() in HEATED:
        return " ".join(words[:-1])
    kept = load().without_unit([word.lower() for word in words], ENGLISH) if words else []
    return " ".join(words[: len(kept)]) if 0 < len(kept) < len(words) else name


def unit_of(name: str) -> str:
    """The unit at the end of a name; "" if it has none."""
    short = _PIECES.findall(split_words(without_unit(name)))
    rest = _PIECES.findall(split_words(name))[len(short) :]
    return " ".join(word for word in rest if not word.isdecimal() and word.lower() != "in")


def without_qualifiers(name: str) -> str:
    """Remove the adjectives beside the noun of a name; "" if there are none.

    >>> without_qualifiers("length overall"), without_qualifiers("total students")
    ('length', 'students')
    """
    words = split_words(name).split()
    kept = list(words)
    while len(kept) > 1 and _is_qualifier(kept[-1]):
        kept.pop()
    while len(kept) > 1 and _is_qualifier(kept[0]):
        kept.pop(0)
    return " ".join(kept) if len(kept) < len(words) else ""


def _is_qualifier(word: str) -> bool:
    return word.lower().strip("().") in QUALIFIERS
