"""Chooses the stemmer of a language."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def stemmer(algorithm: str) -> Callable[[str], str]:
    """Return the Snowball stemmer with this name, for folded words; "" changes nothing.

    English has its own stemmer, which cuts less. Snowball stems "national" to "nation", so that a
    question for a country would match the national animal, and gives "actor" and "acted" different
    stems.
    """
    if not algorithm:
        return str
    if algorithm == "english":
        from kptm.answering.questions.content_words import stem as english

        return english
    try:
        import snowballstemmer
    except ImportError:  # Snowball is not installed
        return str
    stem: Callable[[str], str] = snowballstemmer.stemmer(algorithm).stemWord
    return stem
