"""Finds new names, which the graph lacks: runs of capitalised words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kg.naming.folding import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MAX_WORDS = 6
"""The maximum number of words of a name."""

_CAPITAL = r"[^\W\d_a-zß-öø-ÿ][\w’'.&-]*\w|[^\W\d_a-zß-öø-ÿ]\."
_RUN = re.compile(
    rf"(?:{_CAPITAL})(?: (?:(?:of|the|de|la|von|van|du|der|di|del|al|and|&) )?(?:{_CAPITAL}|\d+))*"
)
_OPENS = re.compile(r"(?:^|[.!?…:;\n“\"(\[])\s*$")


def new_names(text: str, excluded: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, name) of runs of capitalised words outside of the ``excluded`` spans.

    A single word at the beginning of a sentence does not count as a name, because every sentence
    begins with a capital.

    Args:
        text: The text.
        excluded: The spans of other mentions, in any order.
    """
    for match in _RUN.finditer(text):
        start, end = match.span()
        name = match[0]
        if any(start < last and first < end for first, last in excluded):
            continue
        words = name.split(" ")
        if len(words) > MAX_WORDS or not any(len(word) > 2 for word in words):
            continue
        if len(words) == 1 and _OPENS.search(text[max(0, start - 4) : start]):
            continue
        if not name[0].isupper():
            continue
        yield start, end, name


def clusters(names: Iterable[str]) -> dict[str, str]:
    """Map each name to the name of its entity.

    Names that are equal after folding, and parts of a longer name, belong to one entity.

    Args:
        names: The new names of one text.
    """
    ordered = sorted(set(names), key=lambda name: (-len(name), name))
    entity_of: dict[str, str] = {}
    for name in ordered:
        words = fold(name).split()
        longer_names = (
            other
            for other in ordered
            if len(other) > len(name) or (other < name and fold(other) == fold(name))
            if _is_part(words, fold(other).split())
        )
        entity_of[name] = next(longer_names, name)
    return entity_of


def _is_part(words: list[str], others: list[str]) -> bool:
    """Whether words begin or end other words, as a surname ends a person's name."""
    size = len(words)
    return words in (others[:size], others[-size:])
