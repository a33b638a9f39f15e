"""Static vectors of English words: "pilgrims" is near "sanctuary" and far from "software".

They are a sentence encoder's vectors of single words, reduced to fewer dimensions (Tulkens and van
Dongen 2024, *Model2Vec*). ``words/vectors.txt`` has the source and the words, the most frequent
first; ``tools/build_word_vectors.py`` computes ``words/vectors.npy`` from them.
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

FREQUENCY_CONSTANT = 1e-3
"""The constant a of the word weights a / (a + p) for a word of frequency p.

A word of frequency a has the weight 1/2 (Arora, Liang and Ma 2017, *A simple but tough-to-beat
baseline for sentence embeddings*, ICLR).
"""
_ZIPF = 0.1
"""The constant of Zipf's law: the word of rank r has a frequency of about this / r."""


class WordVectors(NamedTuple):
    """Vectors of W words; a rarer word has a longer vector.

    Attributes:
        hashes: W, the hashes of the folded words without a plural "s", sorted.
        rows: (W + 1, width), the vectors; the last is 0, for words that are not listed.
    """

    hashes: NDArray[np.uint64]
    rows: NDArray[np.float64]

    def of(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The row number of each word; W for a word that is not listed."""
        row = find(self.hashes, hashes)
        return np.where(row < 0, len(self.hashes), row)


@cache
def word_vectors() -> WordVectors:
    """The vectors of the package, weighted by word frequency."""
    words = listed_words("vectors.txt")
    units = np.load(FOLDER / "vectors.npy", allow_pickle=False).astype(np.float64)
    units /= np.maximum(np.linalg.norm(units, axis=1, keepdims=True), 1e-9)
    frequency = _ZIPF / (np.arange(len(words), dtype=np.float64) + 1)
    rows = units * (FREQUENCY_CONSTANT / (FREQUENCY_CONSTANT + frequency))[:, None]
    hashes, first = np.unique(word_hashes(words), return_index=True)
    nothing = np.zeros((1, rows.shape[1]), np.float64)
    return WordVectors(hashes, np.concatenate([rows[first], nothing]))
