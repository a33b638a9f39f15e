"""Stems of words, by language."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def stemmer(algorithm: str) -> Callable[[str], str]:
    """A function from a folded word to its stem: Snowball's algorithm of that name, "" leaves words as they are."""
    if not algorithm:
        return str
    try:
        import snowballstemmer
    except ImportError:  # until it is installed
        return _english if algorithm == "english" else str
    stem: Callable[[str], str] = snowballstemmer.stemmer(algorithm).stemWord
    return stem


def _english(word: str) -> str:
    from kptm.answering.words import stem

    return stem(word)
