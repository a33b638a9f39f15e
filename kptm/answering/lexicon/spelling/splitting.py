"""Splits a text into tokens: words and numbers, with their positions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

_UNSPACED = (
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7a3\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
"""Scripts without spaces between words, and Hangul, where particles follow names."""
_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u0900-\u0963\u0981-\u09fd\u0a01-\u0a75\u0a81-\u0aff\u0b01-\u0bfa"
    "\u0c00-\u0dfa\u0e31-\u0e3a\u0e47-\u0e4e\u0eb1-\u0ebc\u0ec8-\u0ecd\u102b-\u103e\u1056-\u1059\u17b4-\u17d3"
    "\u200c\u200d"
)
"""Vowel signs and accents, which ``\\w`` does not match."""
_LETTER = rf"(?:(?![_{_UNSPACED}])[\w{_MARKS}])"
APOSTROPHES = "'’ʼ`´"
_RUN = re.compile(
    rf"[{_UNSPACED}][\u3099\u309a\uff9e\uff9f]?"
    r"|(?<![\w:.,])(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-5]\d)?(?![\w:])"
    rf"|(?:(?<![\w)])[-+−](?=\d))?(?=\w){_LETTER}+(?:(?:(?<=\d)[.,](?=\d)|[{APOSTROPHES}](?={_LETTER})){_LETTER}+)*"
    r"|[%‰°$€£¥₹]"
    r"|(?:[<>]=?|[≤≥])(?=\s*[$€£¥₹]?\d|$)"
)
"""What :func:`runs` finds, in this order: a character of a script without spaces, a time of the day
("10:30"), a word or number with its sign, the symbol of a unit, and a comparison sign before a
number."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word or number of a text, or one character of a script without spaces.

    Attributes:
        text: The token as typed: ``question[start:end]``.
        folded: The token in lower case without accents.
        stem: The stem of the token, which does not depend on accents.
        start: The position of its first character.
        end: The position after its last character.
    """

    text: str
    folded: str
    stem: str
    start: int
    end: int


def runs(text: str) -> list[tuple[str, int]]:
    """The words, numbers and symbols of units in a text, with their positions."""
    return [(runs_[0], runs_.start()) for runs_ in _RUN.finditer(text)]


def split_word(
    word: str, elisions: frozenset[str], suffixes: frozenset[str], glued: dict[str, int]
) -> list[str]:
    """Split a word: "l'Espagne" → "l'", "Espagne"; "Ohio's" → "Ohio", "'s"; "whats" → "what", "s".

    Args:
        word: The word as typed.
        elisions: Beginnings before an apostrophe, in lower case.
        suffixes: Endings after an apostrophe.
        glued: Words in lower case that are really two words, with the length of the first.
    """
    if cut := glued.get(word.lower()):
        return [word[:cut], word[cut:]]
    parts = [at for at, char in enumerate(word) if char in APOSTROPHES]
    cuts: list[int] = []
    for at in parts:
        if word[cuts[-1] if cuts else 0 : at].lower() in elisions:
            cuts.append(at + 1)
        elif at == parts[-1] and word[at + 1 :].lower() in suffixes:
            cuts.append(at)
    edges = [0, *cuts, len(word)]
    return [word[start:end] for start, end in pairwise(edges)]
