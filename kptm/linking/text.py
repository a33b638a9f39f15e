"""Folding with offsets, and where a name may begin and end, by script."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import accumulate

_FOLDS = {
    "’": "'", "‘": "'", "ʼ": "'", "`": "'", "“": '"', "”": '"', "‐": "-", "‑": "-", "–": "-",
    "—": "-", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\t": " ", "\n": " ", "\r": " ",
}  # fmt: skip
_CONTROLS = str.maketrans("\t\n\r`", "   '")
_MARKS = re.compile(r"(?<=[a-z])[\u0300-\u036f]+")


@lru_cache(maxsize=65_536)
def fold_char(char: str) -> str:
    """Exactly one character for one character, so that offsets stay those of the original text."""
    if char in _FOLDS:
        return _FOLDS[char]
    lowered = char.lower()
    if len(lowered) != 1:  # "İ".lower() has two characters
        lowered = lowered[0]
    if lowered.isascii():
        return lowered
    base = unicodedata.normalize("NFD", lowered)[0]  # é → e; a Hangul syllable would be cut
    return base if base.isascii() else lowered


def fold(text: str) -> str:
    """Lower case, plain Latin letters, plain quotes, hyphens and spaces; the length is kept."""
    if text.isascii():
        return text.lower().translate(_CONTROLS)
    return "".join(map(fold_char, text))


def fold_marks(text: str) -> tuple[str, list[int] | None]:
    """Fold, and drop the accents that stand as characters of their own (e + ◌́ is é).

    Returns:
        The folded text, and the place in ``text`` that each place in it stands for, its end
        included; None where nothing was dropped and the places are the same.
    """
    folded = fold(text)
    marks = None if text.isascii() else _MARKS.search(folded)
    if marks is None:
        return folded, None
    parts = _MARKS.split(folded)
    dropped = accumulate(len(mark[0]) for mark in _MARKS.finditer(folded))
    places: list[int] = []
    for part, before in zip(parts, (0, *dropped), strict=True):
        places.extend(range(len(places) + before, len(places) + before + len(part)))
    return "".join(parts), [*places, len(text)]


@lru_cache(maxsize=65_536)
def _kind(char: str) -> str:
    """The script family of a character that makes words; empty for what separates them.

    "a" for scripts with spaces between words, "u" for those without, "m" for marks of the latter.
    """
    code = ord(char)
    if char.isascii():
        return "a" if char.isalnum() or char == "_" else ""
    if unicodedata.category(char)[0] not in "LMN" and code not in (0x200C, 0x200D):
        return ""
    unspaced = (
        0x2E80 <= code <= 0x31FF  # Han radicals, kana, bopomofo
        or 0x3400 <= code <= 0x9FFF
        or 0xF900 <= code <= 0xFAFF
        or 0x20000 <= code <= 0x3FFFF
        or 0x0E00 <= code <= 0x0EFF  # Thai, Lao
        or 0x1000 <= code <= 0x109F  # Burmese
        or 0x1780 <= code <= 0x17FF  # Khmer
        or 0xAC00 <= code <= 0xD7AF  # Hangul: particles follow a name without a space
    )
    if unspaced and unicodedata.category(char)[0] == "M":
        return "m"
    return "u" if unspaced else "a"


def is_boundary(text: str, position: int) -> bool:
    """Whether a name may begin or end at ``position`` (between two characters of ``text``).

    Inside a word of a script that puts spaces between words it may not; scripts without spaces
    allow it anywhere, except before a combining mark.
    """
    if position <= 0 or position >= len(text):
        return True
    left, right = _kind(text[position - 1]), _kind(text[position])
    if right == "m" or (right == "a" and left and unicodedata.combining(text[position])):
        return False
    return not (left == "a" and right == "a")
