"""Selects a part of Wikidata's dump while it is read, and counts what is left out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kg.errors import KGError
from kg.naming.languages import DEFAULT, checked_languages

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Collection, Iterable

_MAX_NAMES_IN_NOTE = 3
"""The maximum number of languages or properties that a note names."""


class LeftOut(StrEnum):
    """Why an item or fact is left out."""

    OTHER_TYPE = "items of other types"
    NO_TYPE = "items without a type (P31)"
    NO_ITEM = "lexemes and other entities that are no items and have no type,"
    LANGUAGE = "names in other languages"
    PROPERTY = "claims of other properties"
    NO_VALUE = "claims and qualifiers of an unknown value or of no value"


@dataclass(frozen=True, slots=True, kw_only=True)
class WikidataSubset:
    """The part of Wikidata's dump to read; an empty field selects everything.

    Entities that are properties are always read, because their labels name the relations of facts.
    A fact is read with all of its qualifiers.

    Attributes:
        types: Items ("Q5"); an item is read if one of them is its type (P31), with a rank other
            than deprecated. Subclasses do not count, because a stream does not know them yet.
        languages: Languages of labels, aliases and descriptions; "en" selects "en-gb" too. Names
            for all languages ("mul") are always read, and so are texts that are values of facts.
        properties: Properties ("P19") of the facts.
    """

    types: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "types", _check_keys(self.types, "Q", "an item of Wikidata"))
        object.__setattr__(self, "properties", _check_keys(self.properties, "P", "a property"))
        object.__setattr__(self, "languages", checked_languages(self.languages))

    def has_language(self, tag: str) -> bool:
        """Whether names in a language are read."""
        tag = tag.lower()
        return (
            not self.languages
            or tag == DEFAULT
            or any(tag == language or tag.startswith(f"{language}-") for language in self.languages)
        )

    def has_property(self, key: str) -> bool:
        """Whether facts with a property are read."""
        return not self.properties or key in self.properties


def reason_against(subset: WikidataSubset, key: str, types: Collection[str]) -> LeftOut | None:
    """Why a subset leaves out an entity; None if the entity is read.

    Args:
        subset: The part to read.
        key: The key of the entity: Q… is an item, P… a property.
        types: Its types.
    """
    if not subset.types or key.startswith("P") or not set(subset.types).isdisjoint(types):
        return None
    if not key.startswith("Q"):
        return LeftOut.NO_ITEM
    return LeftOut.OTHER_TYPE if types else LeftOut.NO_TYPE


def describe_left_out(counts: Counter[tuple[LeftOut, str]]) -> list[str]:
    """Describe what was left out: one sentence for each reason, in the order of :class:`LeftOut`.

    Args:
        counts: How often each reason occurred with each detail: a language, a property, or "".
    """
    notes = []
    for reason in LeftOut:
        details = [(count, name) for (why, name), count in counts.items() if why is reason]
        if details:
            total = sum(count for count, _ in details)
            most_frequent = sorted(((-count, name) for count, name in details if name))
            shown = [f"{name} {-count:,}" for count, name in most_frequent[:_MAX_NAMES_IN_NOTE]]
            more = (
                [f"and {len(most_frequent) - _MAX_NAMES_IN_NOTE:,} more"]
                if len(most_frequent) > _MAX_NAMES_IN_NOTE
                else []
            )
            text = f" ({', '.join([*shown, *more])})" if shown else ""
            notes.append(f"{reason.value} left out: {total:,}{text}")
    return notes


def _check_keys(keys: Iterable[str], letter: str, described_as: str) -> tuple[str, ...]:
    """Keys in upper case, without repetitions.

    Raises:
        KGError: One is not a key of this kind.
    """
    normalised = tuple(dict.fromkeys(key.strip().upper() for key in keys))
    for key in normalised:
        if re.fullmatch(rf"{letter}[1-9][0-9]*", key) is None:
            raise KGError(f'{key!r} is not the key of {described_as}, such as "{letter}31"')
    return normalised
