"""Folding and script family of single characters."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from kg.naming.folding import LETTERS

_FOLDS = {
    "’": "'", "‘": "'", "ʼ": "'", "`": "'", "“": '"', "”": '"', "‐": "-", "‑": "-", "–": "-",
    "—": "-", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\t": " ", "\n": " ", "\r": " ",
    "\u200b": " ",
}  # fmt: skip
_PLAIN = LETTERS | {"ß": "ss"}
MAX_FOLDED_CHARACTERS = 3
"""The maximum number of characters that one folds to; one that would need more (as ﷺ) is not
folded."""
_CONTROLS = str.maketrans("\t\n\r`", "   '")


@lru_cache(maxsize=65_536)
def fold_char(char: str) -> str:
    """Fold a character to exactly one character, so that offsets in the text do not change."""
    if char in _FOLDS:
        return _FOLDS[char]
    lowered = char.lower()
    if len(lowered) != 1:  # "İ".lower() has two characters
        lowered = lowered[0]
    if lowered.isascii():
        return lowered
    base = unicodedata.normalize("NFD", lowered)[0]  # é → e; Hangul syllables do not yield ASCII
    if base.isascii():
        return base
    plain = _PLAIN.get(base, "")
    return plain if len(plain) == 1 else lowered


def fold(text: str) -> str:
    """Fold to lower case, plain Latin letters, quotes, hyphens and spaces; the length is kept."""
    if text.isascii():
        return text.lower().translate(_CONTROLS)
    return "".join(map(fold_char, text))


@lru_cache(maxsize=65_536)
def fold_chars(char: str) -> str:
    """Fold a character to one to three: a ligature or full-width form becomes plain letters."""
    base = unicodedata.normalize("NFD", char.lower())[0]
    if base in _PLAIN:
        return _PLAIN[base]
    if unicodedata.category(char)[0] in "LN":
        plain = unicodedata.normalize("NFKC", char)
        if plain != char and 0 < len(plain) <= MAX_FOLDED_CHARACTERS and plain.isalnum():
            return "".join(map(fold_char, plain))
    return fold_char(char)


@lru_cache(maxsize=65_536)
def kind(char: str) -> str:
    """The script family of a word character; empty for a separator.

    "a" is a script with spaces between words, "u" one without, "m" a combining mark of the latter.
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
