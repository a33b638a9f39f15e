"""Names as people type them: without accents, case and typographic marks; and texts that Unicode holds for equal."""

from __future__ import annotations

import re
import unicodedata

LETTERS = {
    "ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ŧ": "t",
    "ı": "i", "ĸ": "k", "ŋ": "ng", "ƒ": "f", "ə": "e", "ɐ": "a",
}  # fmt: skip
"""Small letters that Unicode does not take apart, and the plain ones that people type for them."""

_TYPED = str.maketrans(
    LETTERS
    | {
        "ʻ": "'", "ʼ": "'", "’": "'", "‘": "'", "ʹ": "'", "`": "'", "´": "'", "“": '"', "”": '"', "„": '"',
        "«": '"', "»": '"', "‐": "-", "‑": "-", "–": "-", "—": "-", "−": "-", "⁄": "/", "\u00ad": "",
        "\u200b": "", "\u200c": "", "\u200d": "", "\u2060": "", "\ufeff": "",
    }
)  # fmt: skip
"""What people type for letters and typographic marks."""

_ACCENTS = re.compile("[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf-\u05c7\u064b-\u065f\u0670]+")
"""Accents of Latin, Greek and Cyrillic letters, and the points of Hebrew and Arabic, which most texts leave out.

The marks of other scripts are vowels and consonants: they stay.
"""


def fold(text: str) -> str:
    """``text`` as names are searched: small letters without accents, runs of white space as one space."""
    if not text.isascii():
        # Small letters first: the capital of "ß" is "SS", and "İ" is taken apart only then.
        parts = unicodedata.normalize("NFKD", text.casefold())
        plain = _ACCENTS.sub("", parts).translate(_TYPED)
        text = unicodedata.normalize("NFC", plain)  # syllables of Hangul are one character again
    return " ".join(text.casefold().split())


def canonical(text: str) -> str:
    """The composed form (NFC) of ``text``, the same one for all texts that are canonically equal."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def spellings(text: str) -> list[str]:
    """``text`` and its composed and decomposed forms: as what a canonically equal key is most likely stored."""
    if text.isascii():
        return [text]
    forms = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    return list(dict.fromkeys((text, *forms)))
