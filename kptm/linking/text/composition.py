"""Composition of decomposed letters and HTML entities into one character each, with offsets.

``e + ◌́`` becomes ``é`` (Unicode Standard Annex 15, form C), the jamo ``ᄒ + ᅡ + ᆫ`` become ``한``,
``カ + ◌゙`` and half-width ``ｶ + ﾞ`` become ``ガ``, and ``&amp;`` becomes ``&``.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.uint32]
    Ints = NDArray[np.int64]

_MARKS = (
    *range(0x300, 0x346),  # accents of Latin, Greek and Cyrillic letters
    *range(0x653, 0x656),  # Arabic
    0x93C, 0x9BE, 0x9D7, 0xB3E, 0xB56, 0xB57, 0xBBE, 0xBD7, 0xC56, 0xCC2, 0xCD5, 0xCD6, 0xD3E,
    0xD57,
    0xDCA, 0xDCF, 0xDDF, 0x102E, 0x1B35,  # Indic
    *range(0x1161, 0x1176), *range(0x11A8, 0x11C3),  # vowels and ends of Hangul syllables
    0x3099, 0x309A, 0xFF9E, 0xFF9F,  # voicing marks of kana
)  # fmt: skip
"""Combining characters that may compose with the character before them."""
_FIRST = min(_MARKS)
MAX_MARKS = 4
"""The maximum number of marks that compose with one letter; no letter of any language has more."""
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


class Composed(NamedTuple):
    """m composed characters.

    Attributes:
        codes: m, the code points.
        starts: m, the offset in the input where each begins.
        ends: m, the offset in the input where it ends.
    """

    codes: Codes
    starts: Ints
    ends: Ints


def compose(codes: Codes) -> Composed | None:
    """Compose letters with marks, and decode HTML entities; None if nothing changes."""
    has_marks = len(codes) > 0 and int(codes.max()) >= _FIRST
    if not has_marks and ord("&") not in codes:
        return None
    starts = np.arange(len(codes), dtype=np.int64)
    composed = Composed(codes, starts, starts + 1)
    if has_marks:
        composed = _with_marks(composed)
    if ord("&") in composed.codes:
        composed = _without_entities(composed)
    return composed if len(composed.codes) < len(codes) else None


def _with_marks(text: Composed) -> Composed:
    """Compose letters with the marks that follow them, one mark per letter in each pass."""
    codes, starts, ends = text
    for _ in range(MAX_MARKS):
        marks = np.flatnonzero(_is_mark()[np.minimum(codes, len(_is_mark()) - 1)])
        marks = marks[marks > 0]
        # Of several marks in a row, only the first is composed in this pass.
        marks = marks[~_is_mark()[np.minimum(codes[marks - 1], len(_is_mark()) - 1)]]
        if not len(marks):
            break
        pairs, pair_of_mark = np.unique(
            # Letter and mark as one number, so that each distinct pair is normalised once.
            codes[marks - 1].astype(np.uint64) << np.uint64(32) | codes[marks],
            return_inverse=True,
        )
        joined = np.array([_compose_pair(*divmod(int(pair), 2**32)) for pair in pairs], np.uint32)[
            pair_of_mark
        ]
        marks, joined = marks[joined > 0], joined[joined > 0]
        if not len(marks):
            break
        codes, ends = codes.copy(), ends.copy()
        codes[marks - 1], ends[marks - 1] = joined, ends[marks]
        stays = np.ones(len(codes), np.bool_)
        stays[marks] = False
        codes, starts, ends = codes[stays], starts[stays], ends[stays]
    return Composed(codes, starts, ends)


@cache
def _is_mark() -> NDArray[np.bool_]:
    marks = np.zeros(max(_MARKS) + 2, np.bool_)
    marks[list(_MARKS)] = True
    return marks


@cache
def _compose_pair(base: int, mark: int) -> int:
    """The character that two compose to; 0 if they do not compose."""
    two = chr(base) + chr(mark)
    for form in ("NFC", "NFKC"):  # half-width kana compose in NFKC only
        composed = unicodedata.normalize(form, two)
        if len(composed) == 1 and composed != "\0":
            return ord(composed)
    return 0


def _without_entities(composed: Composed) -> Composed:
    codes, starts, ends = composed
    text = codes.astype("<u4").tobytes().decode("utf-32-le")
    codes, ends = codes.copy(), ends.copy()
    stays = np.ones(len(codes), np.bool_)
    for entity in _ENTITY.finditer(text):
        char = html.unescape(entity[0])
        if len(char) == 1 and char != "\0":
            first, stop = entity.span()
            codes[first], ends[first] = ord(char), ends[stop - 1]
            stays[first + 1 : stop] = False
    return Composed(codes[stays], starts[stays], ends[stays])
