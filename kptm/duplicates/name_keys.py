"""Blocking keys: entities are compared only if a key of their names is the same.

A name has a key for all its words in any order, for each rare word, for each pair of its words (one
of which may be an initial), and for its initials. A name of one word also has a key for the word
without each of its letters, by which misspellings are found.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from kptm.duplicates.name_similarity import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_NAMES_OF_RARE_WORD = 40
"""The most names with a word for which the word alone is a key."""
MAX_PAIRED_WORDS = 6
"""The most words of a name that are combined to pairs."""
MIN_LETTERS, MAX_LETTERS = 4, 14
"""The fewest and most letters of a single word that is written without each letter."""
MAX_ACRONYM_LETTERS = 6
"""The most letters of an acronym."""


def all_words(name: str) -> str:
    """The key of all words of a name in any order."""
    return "=" + " ".join(sorted(words_of(name)))


def keys_of(name: str, frequency: Mapping[str, int]) -> Iterator[str]:
    """The blocking keys of a name.

    Args:
        name: The name.
        frequency: The number of names with each word.
    """
    words = words_of(name)
    if not words:
        return
    yield all_words(name)
    for word in dict.fromkeys(words):
        if len(word) > 1 and frequency.get(word, 0) <= MAX_NAMES_OF_RARE_WORD:
            yield word
    for first, second in combinations(sorted(set(words))[:MAX_PAIRED_WORDS], 2):
        yield f"{first} {second}"
        yield f"{first[0]}. {second}"
        yield f"{second[0]}. {first}"
    if len(words) == 1:
        yield from _without_letters(words[0])
    yield from _initials(words)


def _without_letters(word: str) -> Iterator[str]:
    if MIN_LETTERS <= len(word) <= MAX_LETTERS:
        yield "-" + word
        for i in range(len(word)):
            yield "-" + word[:i] + word[i + 1 :]


def _initials(words: tuple[str, ...]) -> Iterator[str]:
    """The key of an acronym and of the name that it may abbreviate."""
    letters = "".join(words)
    if 2 <= len(letters) <= MAX_ACRONYM_LETTERS and (len(words) == 1 or len(letters) == len(words)):
        yield "@" + letters
    if len(words) > 1:
        yield "@" + "".join(word[0] for word in words)
        content = [word for word in words if len(word) > 3]
        if 1 < len(content) < len(words):
            yield "@" + "".join(word[0] for word in content)
