"""Which of several texts to show: language ranges of BCP 47 (RFC 4647)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kg.errors import InvalidNameError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.types import Literal

NONE, DEFAULT, ENGLISH = "", "mul", "en"
"""Text without a language; Wikidata's label for all languages.

The language shown for want of others.
"""

_RANGE = re.compile(r"[a-z]{1,8}(?:-[a-z0-9]{1,8})*").fullmatch


def checked_languages(ranges: Iterable[str]) -> tuple[str, ...]:
    """Language ranges in small letters, the most wanted first.

    Raises:
        InvalidNameError: One is not a language range such as "en" or "pt-BR".
    """
    if isinstance(ranges, str):
        ranges = (ranges,)
    found = tuple(str(item).strip().lower().replace("_", "-") for item in ranges)
    for item in found:
        if not _RANGE(item):
            reason = f'{item!r} is not a language: give tags such as "en" or "pt-BR"'
            raise InvalidNameError(reason, item)
    return tuple(dict.fromkeys(found))


def preferred_text(values: Sequence[Literal], languages: Sequence[str] = ()) -> str | None:
    """The text to show, None for none; of several that fit equally the newest, which is the last.

    First comes what ``languages`` ask for, then text without a language, the label for all
    languages ("mul"), and English; any other language by its tag.

    Args:
        values: Texts, oldest first.
        languages: Ranges of :func:`checked_languages`: "en" fits "en-gb" too, "en-gb" also "en"
            where there is nothing nearer.
    """
    wanted = (*languages, NONE, *(() if languages else (ENGLISH,)), DEFAULT, ENGLISH)
    ranked = (
        (_rank(wanted, item.language.partition("--")[0]), -at) for at, item in enumerate(values)
    )
    best = min(ranked, default=None)
    return None if best is None else values[-best[1]].value


def _rank(wanted: Sequence[str], tag: str) -> tuple[int, int, str]:
    """The place of the first range that fits, how far the tag is from it, and the tag."""
    fits = (
        (at, far) for at, item in enumerate(wanted) if (far := _distance(item, tag)) is not None
    )
    at, far = min(fits, default=(len(wanted), 0))
    return at, far, tag


def _distance(wanted: str, tag: str) -> int | None:
    """How many subtags a language is away from a range, None where it does not fit.

    A longer tag fits (filtering), and so does a shorter one, after all of those (lookup).
    """
    if tag == wanted:
        return 0
    if not wanted or not tag:
        return None
    if tag.startswith(f"{wanted}-"):
        return tag.count("-") - wanted.count("-")
    if wanted.startswith(f"{tag}-"):
        return _LOOKUP + wanted.count("-") - tag.count("-")
    return None


_LOOKUP = 100
"""More subtags than any tag has."""
