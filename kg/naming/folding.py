"""Folds names for search, without accents, case and typographic marks.

Also finds canonically equal forms of a text.
"""

from __future__ import annotations

import re
import unicodedata

LETTERS = {
    "ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ŧ": "t",
    "ı": "i", "ĸ": "k", "ŋ": "ng", "ƒ": "f", "ə": "e", "ɐ": "a",
}  # fmt: skip
"""Letters that Unicode does not decompose, with the ASCII letters that people type instead."""

_TYPED = str.maketrans(
    LETTERS
    | {
        "ʻ": "'", "ʼ": "'", "’": "'", "‘": "'", "ʹ": "'", "`": "'", "´": "'", "“": '"', "”": '"',
        "„": '"',
        "«": '"', "»": '"', "‐": "-", "‑": "-", "–": "-", "—": "-", "−": "-", "⁄": "/",
        "\u00ad": "",
        "\u200b": "", "\u200c": "", "\u200d": "", "\u2060": "", "\ufeff": "",
    }
)  # fmt: skip
"""What people type instead of special letters and typographic marks."""

_ACCENTS = re.compile("[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf-\u05c7\u064b-\u065f\u0670]+")
"""Latin, Greek and Cyrillic accents, Hebrew and Arabic points, which most texts omit.

Marks of other scripts are vowels and consonants, and are kept.
"""


def fold(text: str) -> str:
    """Fold a text for search: lower case, no accents, white space collapsed."""
    if not text.isascii():
        # Case folding comes first: it turns "ß" into "ss", and lets "İ" be decomposed.
        parts = unicodedata.normalize("NFKD", text.casefold())
        plain = _ACCENTS.sub("", parts).translate(_TYPED)
        text = unicodedata.normalize("NFC", plain)  # recomposes syllables of Hangul
    return " ".join(text.casefold().split())


def canonical(text: str) -> str:
    """The composed form (NFC) of ``text``, which all canonically equal texts share."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def spellings(text: str) -> list[str]:
    """``text``, composed and decomposed: the likely spellings of a canonically equal key."""
    if text.isascii():
        return [text]
    forms = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    return list(dict.fromkeys((text, *forms)))
