"""Lexical features of mentions: everyday English words, personal names, titles, dates."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from kptm.linking.index.index_build import key_hashes
from kptm.linking.index.link_index import find
from kptm.linking.names.english_lexicon import dates, everyday_words, given_names, surnames, titles
from kptm.linking.names.surface_forms import PLACE_KINDS
from kptm.linking.text.characters import WORD
from kptm.linking.text.passages import first_of_sentence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kptm.linking.detection.mention_candidates import Candidates
    from kptm.linking.text.passages import FoldedTexts

    Ints = NDArray[np.int64]

_PARTICLES = "of", "von", "van", "de", "da", "di", "du", "del", "la", "le", "el", "al", "bin", "ibn"
"""Words that connect the parts of one name."""


def word_features(passages: FoldedTexts, candidates: Candidates) -> dict[str, NDArray[Any]]:
    """Features of M mentions from their words and the adjacent words, independent of the graph."""
    start, end, hashes = candidates.mentions
    tokens = passages.tokens
    codes, flags = passages.folded.codes, passages.folded.flags
    first = np.searchsorted(tokens.start, start)
    stop = np.maximum(np.searchsorted(tokens.start, end), first + 1)
    everyday = everyday_words().value(tokens.hash)
    least = np.minimum.reduceat(np.append(everyday, 0.0), _bounds(first, stop, len(everyday)))[::2]
    whole_tokens = tokens.start[np.minimum(first, len(tokens.start) - 1)] == start
    least *= whole_tokens & ~passages.all_capitals(start, end)  # "US" is not "us"
    single_word = stop - first == 1
    previous = np.maximum(first - 1, 0)
    space = codes == ord(" ")  # false between passages, which NUL separates
    gap = np.where(space[np.maximum(start - 1, 0)], start - tokens.end[previous], 0)
    stopped = (gap == 2) & (codes[np.maximum(start - 2, 0)] == ord("."))
    beside = (first > 0) & ((gap == 1) | stopped)
    before = np.where(beside, tokens.hash[previous], 0).astype(np.uint64)
    named = beside & tokens.capital[previous] & ~stopped
    hyphen = codes == ord("-")
    word = (flags & WORD) != 0
    last = len(codes) - 1
    joined = hyphen[np.minimum(end, last)] & word[np.minimum(end + 1, last)]
    compound = joined & ~passages.capital(np.minimum(end + 1, last))
    joined |= hyphen[np.maximum(start - 1, 0)] & word[np.maximum(start - 2, 0)]
    after = np.minimum(stop, len(tokens.start) - 1)
    follows = (stop < len(tokens.start)) & (tokens.start[after] == end + 1)
    follows &= space[np.minimum(end, last)]
    beyond = np.minimum(stop + 1, len(tokens.start) - 1)
    earlier = np.maximum(first - 2, 0)
    after_of = (first > 1) & (gap == 1) & np.isin(before, _particles())
    after_of &= tokens.capital[earlier] & ~tokens.first[earlier] & tokens.after[previous]
    # An office or a kind of place begins no longer name: "CEO of Apple", "the Province of Spain".
    after_of &= ~(titles().has(tokens.hash[earlier]) | np.isin(tokens.hash[earlier], _kinds()))
    after_of &= ~passages.all_capitals(tokens.start[earlier], tokens.end[earlier])
    particle = follows & np.isin(tokens.hash[after], _particles())
    plain_word = single_word & (least > 0)
    begins = first_of_sentence(passages, start)
    return {
        "everyday words": least,
        "an everyday word, capital": plain_word & passages.capital(start),
        "an everyday word begins a sentence": plain_word & passages.capital(start) & begins,
        "given name": single_word & given_names().has(hashes),
        "surname": single_word & surnames().has(hashes),
        "month or day": single_word & dates().has(hashes),
        "after a title": titles().has(before),
        "after a given name": named & given_names().has(before),
        "hyphen": joined,
        "a small word after a hyphen": compound,
        "of a longer name": particle & tokens.capital[beyond] & tokens.after[beyond],
        "after a capital and of": after_of,
        "a name follows": follows & tokens.capital[after] & (find(start, end + 1) >= 0),
        "a name precedes": named & (find(np.sort(end), start - 1) >= 0),
        "a small word follows": follows & ~tokens.capital[after],
    }


@cache
def _particles() -> NDArray[np.uint64]:
    return key_hashes(_PARTICLES)


@cache
def _kinds() -> NDArray[np.uint64]:
    return key_hashes(word for words in PLACE_KINDS.values() for word in words.split())


def _bounds(first: Ints, stop: Ints, size: int) -> Ints:
    """The alternating starts and ends of ranges, as ``reduceat`` expects them."""
    return np.stack([np.minimum(first, size), np.minimum(stop, size)], axis=1).ravel()
