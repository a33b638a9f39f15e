"""A batch of passages as one array, so that NumPy processes all of them at once.

The passages are concatenated with a NUL after each. Features of a passage depend on that passage
alone, so a text gets the same links by itself as in any batch.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from kptm.linking.index.index_build import stem_ends
from kptm.linking.text.characters import (
    DIGIT,
    LOWER,
    SPACE,
    UPPER,
    WORD,
    Hashes,
    codes_of,
    fold_codes,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]
    HashArray = NDArray[np.uint64]

_OPENERS = np.array([ord(char) for char in '.!?:;"(\0'], np.uint32)
"""Folded characters that may precede the first word of a sentence."""
_JOINERS = np.array([ord(char) for char in "'-.&"], np.uint32)
"""Folded characters that may occur inside a name."""


class FoldedTexts:
    """Passages as arrays. Positions are indices of folded characters over all passages.

    ``text_start`` has the offset of each passage in the concatenated original.

    Args:
        texts: The passages.

    Raises:
        LinkingError: A text contains half of a surrogate pair.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.original = codes_of("\0".join(texts) + "\0")
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        self.text_start = np.concatenate([[0], np.cumsum(lengths + 1)])
        self.folded = fold_codes(self.original)
        self.hashes = Hashes(self.folded.codes)
        self._starts = np.searchsorted(self.folded.places, self.text_start)
        self._upper = _running(self.folded.flags & UPPER)
        self._lower = _running(self.folded.flags & LOWER)
        self._digit = _running(self.folded.flags & DIGIT)

    def passage_of(self, positions: Ints) -> Ints:
        """The passage of each position."""
        return np.searchsorted(self._starts, positions, "right") - 1

    def text_span(self, start: int, end: int) -> tuple[int, int, int]:
        """The passage of a span and its offsets in that text; it includes accents that follow."""
        return self.text_spans(np.array([start]), np.array([end]))[0]

    def text_spans(self, starts: Ints, ends: Ints) -> list[tuple[int, int, int]]:
        """:meth:`text_span` of many spans."""
        first, last = self.folded.places[starts], self.folded.ends_of(ends - 1)
        if self._accents.any():
            following = self._accents[last]
            while following.any():
                last = last + following
                following = self._accents[last]
        passages = self.passage_of(starts)
        offsets = self.text_start[passages]
        columns = passages, first - offsets, last - offsets
        return list(zip(*(column.tolist() for column in columns), strict=True))

    @cached_property
    def _accents(self) -> Bools:
        """Whether each original character is a combining accent, with a final False as sentinel."""
        accents = (self.original >= 0x300) & (self.original <= 0x36F)
        return np.append(accents, False)

    def exact_hashes(self, starts: Ints, ends: Ints) -> HashArray:
        """The hashes of spans as written: composed, but not folded."""
        return self._exact(self.folded.origins[starts], self.folded.origins[ends - 1] + 1)

    @cached_property
    def _exact(self) -> Hashes:
        return Hashes(self.folded.composed)

    def all_capitals(self, starts: Ints, ends: Ints) -> Bools:
        """Whether spans have capital and no lower-case letters."""
        upper, lower = self._counts(starts, ends)
        return (upper > 0) & (lower == 0)

    def no_capitals(self, starts: Ints, ends: Ints) -> Bools:
        """Whether spans have small and no capital letters."""
        upper, lower = self._counts(starts, ends)
        return (lower > 0) & (upper == 0)

    def has_digit(self, starts: Ints, ends: Ints) -> Bools:
        """Whether spans contain a digit."""
        return self._digit[ends] > self._digit[starts]

    def capital(self, positions: Ints) -> Bools:
        """Whether the character at each position is a capital."""
        return (self.folded.flags[positions] & UPPER) != 0

    def has_space(self, starts: Ints, ends: Ints) -> Bools:
        """Whether spans contain a space, that is, more than one word."""
        return self._spaces[ends] > self._spaces[starts]

    @cached_property
    def _spaces(self) -> Ints:
        return _running(self.folded.flags & SPACE)

    def _counts(self, starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
        return self._upper[ends] - self._upper[starts], self._lower[ends] - self._lower[starts]

    @cached_property
    def words(self) -> tuple[Ints, HashArray]:
        """Words of two or more letters: the passage of each, and its hash without a plural "s"."""
        starts, ends = self._word_spans
        hashes = self.hashes(starts, stem_ends(self.folded.codes, starts, ends))
        return self.passage_of(starts), hashes

    @property
    def word_starts(self) -> Ints:
        """The start of each of :attr:`words`."""
        return self._word_spans[0]

    @cached_property
    def _word_spans(self) -> tuple[Ints, Ints]:
        flags = self.folded.flags
        letters = ((flags & WORD) != 0) & ((flags & DIGIT) == 0)
        starts, ends = _runs(letters & (self.folded.codes != ord("_")))
        long = ends - starts > 1
        return starts[long], ends[long]

    @cached_property
    def tokens(self) -> Tokens:
        """The tokens: words that apostrophes, hyphens, full stops and ampersands may join."""
        return Tokens(self)


class Tokens:
    """T tokens: words that apostrophes, hyphens, full stops and ampersands may join.

    Attributes:
        start: T, the position where each begins.
        end: T, the position where it ends, without a possessive "'s".
        passage: T, its passage.
        hash: T, the hash of its folded form.
        capital: T, whether it begins with a capital.
        first: T, whether it begins a sentence or line.
        after: T, whether only white space without a line break separates it from the token before.
    """

    def __init__(self, passages: FoldedTexts) -> None:
        codes, flags = passages.folded.codes, passages.folded.flags
        word = (flags & WORD) != 0
        joins = np.zeros(len(codes), np.bool_)
        # A joiner counts only between two word characters.
        joins[1:-1] = np.isin(codes[1:-1], _JOINERS) & word[:-2] & word[2:]
        self.start, ends = _runs(word | joins)
        # Excludes "'s", so that "France's" has the hash of "France".
        self.end = ends - 2 * _possessive(codes, self.start, ends)
        self.passage = passages.passage_of(self.start)
        self.hash = passages.hashes(self.start, self.end)
        self.capital = passages.capital(self.start)
        breaks = _running((passages.original == ord("\n")).astype(np.uint16))
        before = np.concatenate([[0], ends[:-1]])[: len(self.start)]
        self.after = self.start - before == 1
        self.after &= (flags[np.maximum(self.start - 1, 0)] & SPACE) != 0
        places = passages.folded.places
        # Line breaks are counted in the original text, because folding turns them into spaces.
        broken = breaks[places[self.start]] > breaks[places[before]]
        self.after &= ~broken
        self.first = first_of_sentence(passages, self.start) | broken


def first_of_sentence(passages: FoldedTexts, starts: Ints) -> Bools:
    """Whether a sentence, quotation or bracket begins at each position."""
    codes, flags = passages.folded.codes, passages.folded.flags
    solid = np.where((flags & SPACE) == 0, np.arange(len(flags)), -1)
    # last[i] is the position of the last non-space before i, -1 if there is none.
    last = np.concatenate([[-1], np.maximum.accumulate(solid)])
    before = last[starts]
    return (before < 0) | np.isin(codes[np.maximum(before, 0)], _OPENERS)


def _possessive(codes: NDArray[np.uint32], starts: Ints, ends: Ints) -> Bools:
    return (
        (ends - starts > 2)
        & (codes[np.maximum(ends - 1, 0)] == ord("s"))
        & (codes[np.maximum(ends - 2, 0)] == ord("'"))
    )


def _runs(inside: Bools) -> tuple[Ints, Ints]:
    """The starts and ends of runs of True."""
    edges = np.diff(np.concatenate([[False], inside, [False]]).astype(np.int8))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)


def _running(flags: NDArray[Any]) -> Ints:
    """The number of nonzero ``flags`` before each position, then their total: n + 1 values."""
    return np.concatenate([[0], np.cumsum(flags != 0)])
