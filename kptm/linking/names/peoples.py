"""English names of a place's people and things, and abbreviations: "Dutch", "Calif."."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from kptm.linking.names.english_words import tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ENDINGS = (
    ("a", "an"), ("a", "ian"), ("y", "ian"), ("n", "nese"), ("m", "mese"), ("a", "ese"),
    ("l", "lian"), ("n", "nian"), ("q", "qi"), ("l", "li"), ("and", "ish"), ("ain", "ish"),
    ("en", "ish"), ("ey", "ish"), ("ain", "anish"), ("o", "oan"), ("s", "n"), ("e", "ean"),
    ("k", "kian"), ("r", "rian"),
)  # fmt: skip
"""Endings of place names, and of what belongs to the place, for places that are not listed."""


@cache
def _table(name: str) -> Mapping[str, tuple[str, ...]]:
    """The forms of each place, by its names in small letters."""
    found: dict[str, tuple[str, ...]] = {}
    for places, forms in tables()[name].items():
        listed = tuple(form.strip() for form in forms.split(","))
        # Commas separate names; a name of two parts that has one is written whole, too.
        for place in (places, *places.split(", ")):
            found[place.lower()] = listed
    return found


def people_of(place: str) -> Iterator[str]:
    """What people and things of a place may be called in English: "Dutch", "Russian", "Parisian".

    Of a place that is not listed by its ending; most of these are no words, and never stand in a
    text.
    """
    listed = _table("peoples").get(place.lower())
    if listed is not None:
        yield from listed
    elif len(place) > 3 and place.isalpha() and place[0].isupper():
        for ending, other in _ENDINGS:
            if place.endswith(ending):
                yield place.removesuffix(ending) + other


def is_listed(place: str) -> bool:
    """Whether a place has its peoples listed."""
    return place.lower() in _table("peoples")


def abbreviations_of(place: str) -> tuple[str, ...]:
    """How texts abbreviate a place: "Calif."."""
    return _table("abbreviations").get(place.lower(), ())
