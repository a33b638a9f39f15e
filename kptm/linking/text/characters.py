"""Text as arrays of code points: folding, offsets into the original, name boundaries, span hashes.

Folding maps ``É``, ``é`` and ``e + ◌́`` to the same character, ``ł`` to ``l``, ``æ`` to ``ae``,
``’`` to ``'``, ``–`` to ``-`` and any white space to a space. It drops separate accents of Latin
letters, zero-width characters and white space after white space. Each folded character stores its
offset in the original text, so dropped characters do not shift offsets.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kptm.errors import LinkingError
from kptm.linking.text.char_classes import MAX_FOLDED_CHARACTERS, fold_chars, kind
from kptm.linking.text.composition import compose

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.uint32]
    Flags = NDArray[np.uint16]

KNOWN, SPACED, UNSPACED, MARK, SPACE, UPPER, LOWER, DIGIT, DROPPED, ACCENT, LONG = (
    1 << n for n in range(11)
)
"""Bit flags of a character.

KNOWN marks code points whose flags have been computed. SPACED and UNSPACED are word characters of
scripts with and without spaces between words, MARK and ACCENT are combining, DROPPED is zero-width,
LONG folds to several characters.
"""

WORD = SPACED | UNSPACED | MARK
_ZERO_WIDTH = frozenset("\u00ad\u200c\u200d\u2060\ufeff")
_ALL = 0x110000


@cache
def _tables() -> tuple[Codes, Flags]:
    """The first folded character and the flags of each code point, filled at first occurrence."""
    return np.zeros(_ALL, np.uint32), np.zeros(_ALL, np.uint16)


def _look_up(codes: Codes) -> tuple[Codes, Flags]:
    folds, flags = _tables()
    new = codes[flags[codes] == 0]
    for code in np.unique(new).tolist():
        folded = fold_chars(chr(code))
        folds[code] = ord(folded[0])
        flags[code] = _flags(chr(code)) | LONG * (len(folded) > 1)
    return folds[codes], flags[codes]


def _flags(char: str) -> int:
    family = kind(char)
    flags = KNOWN | {"a": SPACED, "u": UNSPACED, "m": MARK, "": 0}[family]
    flags |= (
        SPACE * (char.isspace() or char == "\u200b")
        | UPPER * char.isupper()
        | LOWER * char.islower()
    )
    flags |= DIGIT * char.isdigit() | DROPPED * (char in _ZERO_WIDTH)
    return (
        flags
        | ACCENT * ("\u0300" <= char <= "\u036f")
        | (MARK if family == "a" and unicodedata.combining(char) else 0)
    )


def codes_of(text: str) -> Codes:
    """The code points of ``text``.

    Raises:
        LinkingError: The text contains half of a surrogate pair, which is no character.
    """
    try:
        return np.frombuffer(text.encode("utf-32-le"), np.uint32)
    except UnicodeEncodeError as error:
        raise LinkingError(
            f"character {error.start} of the text, {text[error.start]!r}, is half of a surrogate"
            " pair; decode the text with errors='replace'"
        ) from error


class Folded(NamedTuple):
    """n folded characters, from m composed characters of the input.

    Attributes:
        codes: n, the folded code points.
        flags: n, the flags of the characters before folding.
        places: n + 1, the offset of each in the input, then the length of the input.
        composed: m, the code points of the input after composition.
        origins: n, the index of each in ``composed``.
        composed_ends: m, the offset in the input where each composed character ends; None if
            composition changed nothing.
        boundary: n + 1, whether a name may begin or end before each, and after the last.
    """

    codes: Codes
    flags: Flags
    places: NDArray[np.int64]
    composed: Codes
    origins: NDArray[np.int64]
    composed_ends: NDArray[np.int64] | None
    boundary: NDArray[np.bool_]

    def ends_of(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """The offsets in the input where folded characters end."""
        origins = self.origins[positions]
        return origins + 1 if self.composed_ends is None else self.composed_ends[origins]


def fold_codes(codes: Codes) -> Folded:
    """Compose and fold code points."""
    composed = compose(codes)
    joined = codes if composed is None else composed.codes
    folded, flags = _look_up(joined)
    places = np.append(np.flatnonzero(_keep(folded, flags)), len(joined))
    origins = places[:-1]
    if len(origins) < len(folded):
        folded, flags = folded[origins], flags[origins]
    if int(flags.max(initial=0)) >= LONG:  # its bit is the highest
        folded, flags, origins = _expand(joined, folded, flags, origins)
        places = np.append(origins, len(joined))
    ends = None
    if composed is not None:
        places, ends = np.append(composed.starts[origins], len(codes)), composed.ends
    return Folded(folded, flags, places, joined, origins, ends, _boundaries(flags))


def _expand(
    codes: Codes, folded: Codes, flags: Flags, origins: NDArray[np.int64]
) -> tuple[Codes, Flags, NDArray[np.int64]]:
    """Expand characters that fold to several; return the new codes, flags and origins."""
    long = np.flatnonzero(flags & LONG)
    several = [fold_chars(chr(code)) for code in codes[origins[long]].tolist()]
    counts = np.ones(len(folded), np.int64)
    counts[long] = [len(item) for item in several]
    first = np.cumsum(counts) - counts
    folded, flags = np.repeat(folded, counts), np.repeat(flags, counts)
    origins = np.repeat(origins, counts)
    for offset in range(1, MAX_FOLDED_CHARACTERS):
        more = [
            (start, item[offset])
            for start, item in zip(first[long].tolist(), several, strict=True)
            if item[offset:]
        ]
        folded[[start + offset for start, _ in more]] = [ord(char) for _, char in more]
    return folded, flags, origins


def _keep(folded: Codes, flags: Flags) -> NDArray[np.bool_]:
    is_kept = (flags & DROPPED) == 0
    space = (flags & SPACE) != 0
    is_kept[1:] &= ~(space[1:] & space[:-1])
    accents = np.flatnonzero(flags & ACCENT)
    if len(accents):  # accents after a plain Latin letter are dropped, also several
        base = np.maximum.accumulate(np.where(flags & ACCENT, -1, np.arange(len(flags))))
        letter = folded[np.maximum(base[accents], 0)]
        is_kept[accents[(base[accents] >= 0) & (letter >= ord("a")) & (letter <= ord("z"))]] = False
    return is_kept


def _boundaries(flags: Flags) -> NDArray[np.bool_]:
    """Whether a name may begin or end at each of the n + 1 positions.

    It may not inside a word of a script with spaces between words. In a script without spaces, it
    may anywhere except before a combining mark.
    """
    is_boundary = np.ones(len(flags) + 1, np.bool_)
    left, right = flags[:-1], flags[1:]
    inside = ((left & SPACED) != 0) & ((right & SPACED) != 0)
    marked = ((right & MARK) != 0) & ((left & WORD) != 0)
    is_boundary[1:-1] = ~(inside | marked)
    return is_boundary


_BASE = 0x9E3779B97F4A7C15 | 1
_INVERSE = pow(_BASE, -1, 2**64)


class Hashes:
    """64-bit rolling hashes: the hash of any span of code points in constant time.

    The hash of the span (i, j) is s(Σ x[k]·b^(k−i)) over i ≤ k < j modulo 2^64, where s is a fixed
    bijection and x[k] is s of code point k plus one (Karp and Rabin, 1987, *Efficient randomized
    pattern-matching algorithms*). The sum is a difference of two cumulative sums.
    """

    def __init__(self, codes: Codes) -> None:
        values = _scramble(codes.astype(np.uint64) + np.uint64(1))
        powers, self._inverses = _powers(len(codes) + 1)
        self._sums = np.zeros(len(codes) + 1, np.uint64)
        np.cumsum(values * powers[:-1], out=self._sums[1:])

    def __call__(self, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.uint64]:
        """The hashes of the spans from ``starts`` up to ``ends``."""
        return _scramble((self._sums[ends] - self._sums[starts]) * self._inverses[starts])


@cache
def _all_powers(size: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    tables = []
    for base in (_BASE, _INVERSE):
        powers = np.full(size, base, np.uint64)
        powers[0] = 1
        tables.append(np.cumprod(powers, dtype=np.uint64))
    return tables[0], tables[1]


def _powers(size: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The first powers of the base and its inverse, from a cached table of power-of-two size."""
    powers, inverses = _all_powers(1 << max(size - 1, 1023).bit_length())
    return powers[:size], inverses[:size]


def _scramble(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A 64-bit bijection in which each bit depends on all bits (the finaliser of SplitMix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
