"""Stems of words, by language."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def stemmer(algorithm: str) -> Callable[[str], str]:
    """A function from a folded word to its stem, by Snowball; "" changes nothing.

    English has one of its own. It cuts less: Snowball makes "nation" of "national", so that a
    question for a country seems to ask for the national animal, and keeps "actor" and "acted"
    apart.
    """
    if not algorithm:
        return str
    if algorithm == "english":
        from kptm.answering.questions.content_words import stem as english

        return english
    try:
        import snowballstemmer
    except ImportError:  # until it is installed
        return str
    stem: Callable[[str], str] = snowballstemmer.stemmer(algorithm).stemWord
    return stem
