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
PASSES = 4
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
    found = Composed(codes, starts, starts + 1)
    if has_marks:
        found = _with_marks(found)
    if ord("&") in found.codes:
        found = _without_entities(found)
    return found if len(found.codes) < len(codes) else None


def _with_marks(given: Composed) -> Composed:
    """Compose letters with the marks that follow them, one mark per letter in each pass."""
    codes, starts, ends = given
    for _ in range(PASSES):
        at = np.flatnonzero(_is_mark()[np.minimum(codes, len(_is_mark()) - 1)])
        at = at[at > 0]
        # Of several marks in a row, only the first is composed in this pass.
        at = at[~_is_mark()[np.minimum(codes[at - 1], len(_is_mark()) - 1)]]
        if not len(at):
            break
        pairs, which = np.unique(
            # Letter and mark as one number, so that each distinct pair is normalised once.
            codes[at - 1].astype(np.uint64) << np.uint64(32) | codes[at],
            return_inverse=True,
        )
        joined = np.array([_compose_pair(*divmod(int(pair), 2**32)) for pair in pairs], np.uint32)[
            which
        ]
        at, joined = at[joined > 0], joined[joined > 0]
        if not len(at):
            break
        codes, ends = codes.copy(), ends.copy()
        codes[at - 1], ends[at - 1] = joined, ends[at]
        stays = np.ones(len(codes), np.bool_)
        stays[at] = False
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
        one = unicodedata.normalize(form, two)
        if len(one) == 1 and one != "\0":
            return ord(one)
    return 0


def _without_entities(given: Composed) -> Composed:
    codes, starts, ends = given
    text = codes.astype("<u4").tobytes().decode("utf-32-le")
    codes, ends = codes.copy(), ends.copy()
    stays = np.ones(len(codes), np.bool_)
    for found in _ENTITY.finditer(text):
        char = html.unescape(found[0])
        if len(char) == 1 and char != "\0":
            first, behind = found.span()
            codes[first], ends[first] = ord(char), ends[behind - 1]
            stays[first + 1 : behind] = False
    return Composed(codes[stays], starts[stays], ends[stays])
