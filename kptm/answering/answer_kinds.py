"""Guesses the kind of an answer: dates by their form, places and people by a relation's name."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from kptm.answering.questions.content_words import stem
from kptm.answering.questions.word_order import relation_form

AskedKind: TypeAlias = Literal["date", "place", "person"]

_MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december"
    "|jan|feb|mar|apr|jun|jul|aug|sep|oct|nov|dec"
)
_DATE = re.compile(
    rf"^-?\d{{3,4}}$|^-?\d{{4,}}-\d\d(?:-\d\d.*)?$|^\d{{1,2}}[./]\d{{1,2}}[./]\d{{4}}$"
    rf"|\b(?:{_MONTHS})\b.*\d|^\d+(?:st|nd|rd|th) century|\b(?:ad|bc|bce|ce)$"
    r"|^(?:mon|tues|wednes|thurs|fri|satur|sun)days?$",
    re.IGNORECASE,
)
_COUNTS = frozenset(
    map(stem, "population area code number height length elevation postal zip size".split())
)
_DATES = frozenset(map(stem, "year date time day month weekday".split())) | {"when"}
_PLACES = frozenset(
    map(stem, "place location located country city town state region province county continent "
              "birthplace headquarters headquarter capital village".split())
)  # fmt: skip
_PERSONAL = frozenset(
    map(stem, "born birth birthday birthdate birthplace spouse husband wife occupation profession "
              "nationality gender surname salary employer hired".split())
)  # fmt: skip
"""Stems in the labels of relations that only people have."""
_IN = frozenset("in at on near".split())


def is_date(text: str) -> bool:
    """Whether a name or value looks like a year, a date or a day of the week."""
    return bool(_DATE.search(text.strip()))


def describes_people(label: str) -> bool:
    """Whether only people have a relation with this label, such as "place of birth"."""
    return not _PERSONAL.isdisjoint(relation_form(label).stems)


def fits(kind: AskedKind, label: str) -> bool | None:
    """Whether a relation with this label leads to answers of ``kind``; None if unclear."""
    relation = relation_form(label)
    if kind == "date":
        return _COUNTS.isdisjoint(relation.stems) and not _DATES.isdisjoint(relation.stems)
    person = "by" in relation.words
    place = bool(relation.stems & _PLACES) or not _IN.isdisjoint(relation.words)
    wanted, other = (place, person) if kind == "place" else (person, place)
    return wanted if wanted != other else None
