"""Splits names of columns into words, spells abbreviations out, and finds units and qualifiers."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from kptm.answering.lexicon.lexicon import load

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_SHORT_LETTERS = 2
"""Words of at most this many letters are not joined with others."""
ENGLISH = "en"
"""The language of the names."""
QUALIFIERS = frozenset(
    "overall total max maximum min minimum approx approximate approximately estimated est avg"
    " average mean current gross net incl including excl known original official"
    " unit base hourly monthly yearly annual".split()
)
"""Adjectives that tables put next to the noun of a column."""
BEHIND = frozenset("due owed outstanding remaining sold available".split())
"""Adjectives that tables put after the noun of a column: "balance due"."""
DEGREES, HEATED = ("C", "F"), ("temperature", "temperatures", "temp", "point")
"""Units that are one letter, and words that they may follow."""
ABBREVIATIONS = Path(__file__).parent / "abbreviations.toml"
_THOUSANDS = {"thousand": 1, "million": 2, "mio": 2, "mn": 2, "mln": 2, "billion": 3, "bn": 3}
SCALES = {
    **{name: 1000**power for name, power in _THOUSANDS.items()},
    **{f"{name}s": 1000**power for name, power in _THOUSANDS.items()},
    **{f"{letter}{money}": 1000**power for letter, power in (("k", 1), ("m", 2))
       for money in ("eur", "usd", "gbp", "chf")},
}  # fmt: skip
"""What one in a column stands for, by the last word of the column's name: "budget in millions"."""
DONE = frozenset(
    "begun born bought built held left made paid sent shot sold spent sworn taken written".split()
)
"""Participles without the ending "-ed"."""
TIMES = frozenset("secs seconds mins minutes hrs hours".split())
"""Units of time that are the whole name of a column."""
_PIECES = re.compile(r"[\w/%°²³$€£¥]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

CAPITALISED = frozenset("M Km Cm Mm Kg G Ft Mi Min Sec Ml".split())
"""Units whose capital comes from camelCase: "elevationM"."""


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
    """Remove the unit, scale or year from the end of a name: "weight_kg", "sales in millions"."""
    words = _PIECES.findall(split_words(name))
    if len(words) > 1 and words[-1] in DEGREES and words[-2].lower() in HEATED:
        return " ".join(words[:-1])
    if scale_of(name) > 1:
        return without_unit(" ".join(words[:-1])).removesuffix(" in")
    short, _ = _split_unit(name)
    return short or name


def _split_unit(name: str) -> tuple[str, str]:
    """Split a name into (name without unit, unit); ("", "") without a unit at its end."""
    for words in (name.replace("_", " "), split_words(name)):  # "kWh" is not "k Wh"
        pieces = _PIECES.findall(words)
        without_unit = (
            load().without_unit([piece.lower() for piece in pieces], ENGLISH) if pieces else []
        )
        if 0 < len(without_unit) < len(pieces):
            return " ".join(pieces[: len(without_unit)]), " ".join(pieces[len(without_unit) :])
    return "", ""


def scale_of(name: str) -> int:
    """What one in a column with this name stands for: 1,000,000 for "population in millions"."""
    words = _PIECES.findall(split_words(name))
    return SCALES.get(words[-1].lower(), 1) if len(words) > 1 else 1


def unit_of(name: str) -> str:
    """The unit at the end of a name, or the whole name "mins"; "" without one. A scale is none."""
    if scale_of(name) > 1:
        return ""
    words: list[str] = _PIECES.findall(split_words(name))
    if len(words) == 1 and words[0].lower() in TIMES:
        return words[0]
    if len(words) > 1 and words[-1] in DEGREES and words[-2].lower() in HEATED:
        return words[-1]
    _, unit = _split_unit(name)
    words = [word for word in unit.split() if not word.isdecimal() and word.lower() != "in"]
    return " ".join(word.lower() if word in CAPITALISED else word for word in words)


def without_have(name: str) -> str:
    """Remove the verb before the noun of a name: "hasFather" gives "Father".

    Other names are returned as they are: "has" alone, and "has been to".
    """
    verb, *noun = split_words(name).split()
    plain = verb.lower() in ("has", "have") and noun and noun[0].lower() not in ("been", "a", "an")
    return " ".join(noun) if plain else name


def without_qualifiers(name: str) -> str:
    """Remove the adjectives beside the noun of a name; "" if there are none.

    >>> without_qualifiers("length overall"), without_qualifiers("total students")
    ('length', 'students')
    """
    words = split_words(name).split()
    nouns = list(words)
    while len(nouns) > 1 and (_is_qualifier(nouns[-1]) or _is_behind(nouns)):
        nouns.pop()
    while len(nouns) > 1 and _is_qualifier(nouns[0]):
        nouns.pop(0)
    return " ".join(nouns) if len(nouns) < len(words) else ""


def counted_noun(name: str) -> str:
    """The noun of a number of things; "" for other names.

    >>> counted_noun("number of platforms"), counted_noun("seat count"), counted_noun("count")
    ('platforms', 'seat', '')
    """
    match split_words(name).lower().split():
        case ["number" | "count" | "quantity" | "amount", "of", *rest] if rest:
            return " ".join(rest)
        case [*rest, "count"] if rest:
            return " ".join(rest)
    return ""


def as_one_word(name: str) -> list[str]:
    """A name of two words as one word: "foodsafe" for "foodSafe"; nothing for other names.

    A preposition is no such word: nothing for "found by".
    """
    words = split_words(name).lower().split()
    return ["".join(words)] if len(words) == 2 and min(map(len, words)) > MAX_SHORT_LETTERS else []


def as_date(name: str) -> str:
    """Name the date of an event: "hired date" for "hired on"; "" if the name is no event's date.

    >>> as_date("hired on"), as_date("date joined"), as_date("plays on")
    ('hired date', 'joined date', '')
    """
    match split_words(name).lower().split():
        case [done, "on" | "at"] | ["date" | "day", done] if done.endswith("ed") or done in DONE:
            return f"{done} date"
    return ""


def _is_behind(words: Sequence[str]) -> bool:
    """Whether the last word is an adjective after its noun; in "date sold" it is the event."""
    return words[-1].lower() in BEHIND and words[-2].lower() not in ("date", "day", "year")


def _is_qualifier(word: str) -> bool:
    return word.lower().strip("().") in QUALIFIERS
