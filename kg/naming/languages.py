"""Chooses the text to show by language ranges of BCP 47 (RFC 4647)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kg.errors import InvalidNameError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.types import Literal

NONE, DEFAULT, ENGLISH = "", "mul", "en"
"""Text without a language, Wikidata's label for all languages, and the fallback language."""

_RANGE = re.compile(r"[a-z]{1,8}(?:-[a-z0-9]{1,8})*")


def checked_languages(ranges: Iterable[str]) -> tuple[str, ...]:
    """Normalise language ranges, given in order of preference, to lower case.

    Raises:
        InvalidNameError: An item is not a language range such as "en" or "pt-BR".
    """
    if isinstance(ranges, str):
        ranges = (ranges,)
    normalised = tuple(str(item).strip().lower().replace("_", "-") for item in ranges)
    for item in normalised:
        if not _RANGE.fullmatch(item):
            reason = f'{item!r} is not a language: give tags such as "en" or "pt-BR"'
            raise InvalidNameError(reason, item)
    return tuple(dict.fromkeys(normalised))


def preferred_text(values: Sequence[Literal], languages: Sequence[str] = ()) -> str | None:
    """The text to show, or None; of several that fit equally, the last and so newest.

    Preferred are texts in ``languages``, then text without a language, the label for all languages
    ("mul"), English, and other languages by tag.

    Args:
        values: Texts, oldest first.
        languages: Ranges of :func:`checked_languages`: "en" matches "en-gb" too, and "en-gb" falls
            back to "en".
    """
    wanted = (*languages, NONE, *(() if languages else (ENGLISH,)), DEFAULT, ENGLISH)
    ranked = (
        (_rank(wanted, item.language.partition("--")[0]), -i) for i, item in enumerate(values)
    )
    best = min(ranked, default=None)
    return None if best is None else values[-best[1]].value


def _rank(wanted: Sequence[str], tag: str) -> tuple[int, int, str]:
    """The position of the first matching range, the distance of the tag from it, and the tag."""
    fits = (
        (i, distance)
        for i, item in enumerate(wanted)
        if (distance := _distance(item, tag)) is not None
    )
    best_index, distance = min(fits, default=(len(wanted), 0))
    return best_index, distance, tag


def _distance(wanted: str, tag: str) -> int | None:
    """The distance of a language from a range in subtags; None if it does not match.

    A longer tag matches (filtering), and so does a shorter one, after all longer ones (lookup).
    """
    if tag == wanted:
        return 0
    if not wanted or not tag:
        return None
    if tag.startswith(f"{wanted}-"):
        return tag.count("-") - wanted.count("-")
    if wanted.startswith(f"{tag}-"):
        return _MORE_THAN_ANY_SUBTAGS + wanted.count("-") - tag.count("-")
    return None


_MORE_THAN_ANY_SUBTAGS = 100
"""A number above that of the subtags of any tag."""
