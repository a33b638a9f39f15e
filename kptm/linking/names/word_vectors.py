"""Vectors of English words: "pilgrims" is near "sanctuary" and far from "software".

They are static: the vectors that a sentence encoder gives to single words, in fewer dimensions
(Tulkens and van Dongen 2024, *Model2Vec*). The words are in ``words/vectors.txt``, with the source,
the commonest first; ``tools/build_word_vectors.py`` makes ``words/vectors.npy`` of them.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kptm.linking.index.index_build import word_hashes
from kptm.linking.index.link_index import find
from kptm.linking.names.english_lexicon import listed_words
from kptm.linking.names.english_words import FOLDER

if TYPE_CHECKING:
    from numpy.typing import NDArray

FREQUENT = 1e-3
"""The frequency of a word from which on it says little.

Weights are a / (a + p) (Arora, Liang and Ma 2017, *A simple but tough-to-beat baseline for sentence
embeddings*, ICLR).
"""
_ZIPF = 0.1
"""The frequency of the word of rank r is about this / r."""


class WordVectors(NamedTuple):
    """Vectors of W words, the longer the rarer a word is.

    Attributes:
        hashes: W, of the folded words without a plural, sorted.
        rows: (W + 1, width); the last is that of a word that is not listed: 0.
    """

    hashes: NDArray[np.uint64]
    rows: NDArray[np.float64]

    def of(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The row of each word."""
        at = find(self.hashes, hashes)
        return np.where(at < 0, len(self.hashes), at)


@cache
def word_vectors() -> WordVectors:
    """The vectors that ship with the package."""
    words = listed_words("vectors.txt")
    units = np.load(FOLDER / "vectors.npy", allow_pickle=False).astype(np.float64)
    units /= np.maximum(np.linalg.norm(units, axis=1, keepdims=True), 1e-9)
    frequency = _ZIPF / (np.arange(len(words), dtype=np.float64) + 1)
    rows = units * (FREQUENT / (FREQUENT + frequency))[:, None]
    hashes, first = np.unique(word_hashes(words), return_index=True)
    nothing = np.zeros((1, rows.shape[1]), np.float64)
    return WordVectors(hashes, np.concatenate([rows[first], nothing]))
