"""Names as people type them, without accents, case and typographic marks.

Texts equal by Unicode.
"""

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
        "ʻ": "'", "ʼ": "'", "’": "'", "‘": "'", "ʹ": "'", "`": "'", "´": "'", "“": '"', "”": '"',
        "„": '"',
        "«": '"', "»": '"', "‐": "-", "‑": "-", "–": "-", "—": "-", "−": "-", "⁄": "/",
        "\u00ad": "",
        "\u200b": "", "\u200c": "", "\u200d": "", "\u2060": "", "\ufeff": "",
    }
)  # fmt: skip
"""What people type for letters and typographic marks."""

_ACCENTS = re.compile("[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf-\u05c7\u064b-\u065f\u0670]+")
"""Latin, Greek and Cyrillic accents, Hebrew and Arabic points, which most texts leave out.

The marks of other scripts are vowels and consonants: they stay.
"""


def fold(text: str) -> str:
    """``text`` as names are searched: lower case, no accents, runs of white space as one space."""
    if not text.isascii():
        # Small letters first: the capital of "ß" is "SS", and "İ" is taken apart only then.
        parts = unicodedata.normalize("NFKD", text.casefold())
        plain = _ACCENTS.sub("", parts).translate(_TYPED)
        text = unicodedata.normalize("NFC", plain)  # syllables of Hangul are one character again
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
