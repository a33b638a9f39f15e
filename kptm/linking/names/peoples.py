"""English demonyms and abbreviations of places: "Dutch", "Calif."."""

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
"""Pairs of endings of a place name and its demonym, for places that are not listed."""


@cache
def _table(name: str) -> Mapping[str, tuple[str, ...]]:
    """The forms in a table, by the lower-case name of the place."""
    forms_of_place: dict[str, tuple[str, ...]] = {}
    for places, forms in tables()[name].items():
        listed = tuple(form.strip() for form in forms.split(","))
        # Commas separate names; the whole entry is a key too, for a name that contains a comma.
        for place in (places, *places.split(", ")):
            forms_of_place[place.lower()] = listed
    return forms_of_place


def people_of(place: str) -> Iterator[str]:
    """English demonyms and adjectives of a place: "Dutch", "Russian", "Parisian".

    Those of a place that is not listed are formed from its ending. Most of these are not words, but
    they do no harm because they do not occur in texts.
    """
    listed = _table("peoples").get(place.lower())
    if listed is not None:
        yield from listed
    elif len(place) > 3 and place.isalpha() and place[0].isupper():
        for ending, other in _ENDINGS:
            if place.endswith(ending):
                yield place.removesuffix(ending) + other


def is_listed(place: str) -> bool:
    """Whether the demonyms of a place are listed."""
    return place.lower() in _table("peoples")


def abbreviations_of(place: str) -> tuple[str, ...]:
    """The abbreviations of a place: "Calif."."""
    return _table("abbreviations").get(place.lower(), ())
