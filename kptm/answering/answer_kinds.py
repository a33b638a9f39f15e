"""What kind of thing a question word asks for: "when" a date, "where" a place, "who" somebody."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias

from kptm.answering.sides import relation_form
from kptm.answering.words import stem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

AskedKind: TypeAlias = Literal["", "date", "place", "person"]

LOOKED_AT = 10
"""Answers that are looked at."""
DATE_WORDS = tuple("year date time day month".split())
PLACE_WORDS = tuple("place location country city town region".split())
_ASKED: tuple[tuple[AskedKind, re.Pattern[str]], ...] = (
    (
        "date",
        re.compile(r"^\W*(?:when\b|(?:in |on |since )?(?:what|which) (?:year|date|day)\b)", re.I),
    ),
    ("place", re.compile(r"^\W*where\b", re.I)),
    ("person", re.compile(r"^\W*who\b", re.I)),
)
_MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december"
    "|jan|feb|mar|apr|jun|jul|aug|sep|oct|nov|dec"
)
_DATE = re.compile(
    rf"^-?\d{{3,4}}$|^-?\d{{4,}}-\d\d(?:-\d\d.*)?$|^\d{{1,2}}[./]\d{{1,2}}[./]\d{{4}}$"
    rf"|\b(?:{_MONTHS})\b.*\d|^\d+(?:st|nd|rd|th) century|\b(?:ad|bc|bce|ce)$",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"^[-+]?[\d.,]*\d[\d.,]*(?:\s*\S{1,5})?$")
_COUNTS = frozenset(
    map(stem, "population area code number height length elevation postal zip size".split())
)
_DATES = frozenset(map(stem, DATE_WORDS)) | {"when"}
_PLACES = frozenset(
    map(stem, "place location located country city town state region province county continent "
              "birthplace headquarters headquarter capital village".split())
)  # fmt: skip
_PLACE_TYPES = _PLACES | frozenset(
    map(
        stem,
        "sea ocean river lake island mountain territory district municipality settlement".split(),
    )
)
_PERSONS = frozenset(
    map(
        stem,
        "person human man woman people writer actor scientist politician physicist chemist".split(),
    )
)
_IN = frozenset("in at on near".split())


def is_date(text: str) -> bool:
    """Whether a name or value looks like a year or a date."""
    return bool(_DATE.search(text.strip()))


def is_number(text: str) -> bool:
    """Whether a name or value looks like a number, with a unit at most."""
    return bool(_NUMBER.match(text.strip()))


def hints(kind: AskedKind) -> tuple[str, ...]:
    """Words that a relation which leads to such a thing may be called by."""
    return {"date": DATE_WORDS, "place": PLACE_WORDS}.get(kind, ())


def fits(
    kind: AskedKind, label: str, answers: Sequence[str], types: Iterable[Collection[str]]
) -> bool | None:
    """Whether answers may be of an asked kind; None where nothing tells.

    Args:
        kind: What is asked for.
        label: The label of the relation that leads to the answers.
        answers: Labels of some answers, or none.
        types: The stems of the types of those whose types are known.
    """
    relation = relation_form(label)
    if kind == "date":
        return _fits_date(relation.stems, answers)
    plain = bool(answers) and all(is_date(text) or is_number(text) for text in answers)
    known = set().union(*types)
    person = "by" in relation.words or bool(known & _PERSONS)
    place = (
        bool(known & _PLACE_TYPES)
        or bool(relation.stems & _PLACES)
        or not _IN.isdisjoint(relation.words)
    )
    if plain:
        return False
    wanted, other = (place, person) if kind == "place" else (person, place)
    return True if wanted and not other else False if other and not wanted else None


def _fits_date(stems: Collection[str], answers: Sequence[str]) -> bool:
    if not _COUNTS.isdisjoint(stems):
        return False
    return all(map(is_date, answers)) if answers else not _DATES.isdisjoint(stems)
