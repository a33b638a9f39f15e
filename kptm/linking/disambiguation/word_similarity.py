"""Similarity of word vectors: the words around a mention against a candidate's description."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kptm.linking.index.link_index import ranges
from kptm.linking.names.surface_forms import FIRST_PART
from kptm.linking.names.word_vectors import word_vectors
from kptm.linking.text.passages import first_of_sentence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kptm.linking.detection.mention_candidates import Candidates
    from kptm.linking.index.overlay_index import Layers
    from kptm.linking.text.passages import FoldedTexts

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Vectors = NDArray[np.float64]

ALIKE = "words alike", "behind the most alike"
"""The features that :func:`word_similarity` returns.

A cosine, shrunk if there are few words, and its difference from the highest of the mention's
candidates, at most 0.
"""
MAX_WORDS_PER_SIDE = 12
"""The maximum number of words before, and after, a mention in its sentence that are compared."""
MIN_WORDS = 3
"""The minimum number of words with vectors around a mention; with fewer, the similarity is 0."""
NORM_OFFSET = 2.0
"""Added to the norm of the sum of the context's vectors, so that one word is weak evidence.

The norm of a word's vector is at most 1.
"""


def word_similarity(
    passages: FoldedTexts, layers: Layers, candidates: Candidates
) -> dict[str, Floats]:
    """The features of C candidates, by name; 0 for a whole name with a single candidate."""
    alike = np.zeros(len(candidates.of))
    several = np.diff(candidates.first) > 1
    ambiguous = several | np.logical_or.reduceat(
        candidates.kind >= FIRST_PART, candidates.first[:-1]
    )
    rows = np.flatnonzero(ambiguous[candidates.of])
    if len(rows):
        mentions = np.flatnonzero(ambiguous)
        around = _around(passages, candidates, mentions)[
            np.searchsorted(mentions, candidates.of[rows])
        ]
        entities, entity_of_row = np.unique(candidates.entity[rows], return_inverse=True)
        about = _about(layers, entities)[entity_of_row]
        lengths = (NORM_OFFSET + np.linalg.norm(around, axis=1)) * np.linalg.norm(about, axis=1)
        products = np.einsum("rd,rd->r", around, about)
        # Rounded, since the last bits of the sums depend on the rest of the batch.
        alike[rows] = np.round(products / np.maximum(lengths, 1e-9), 6)
    top = np.maximum.reduceat(alike, candidates.first[:-1])[candidates.of]
    return dict(zip(ALIKE, (alike, alike - top), strict=True))


def _around(passages: FoldedTexts, candidates: Candidates, mentions: Ints) -> Vectors:
    """The sum of the vectors of the words around each mention: (mentions, width)."""
    vectors = word_vectors()
    passage, hashes = passages.words
    start, end, _ = candidates.mentions.take(mentions)
    first = np.searchsorted(passages.word_starts, start)
    stop = np.maximum(np.searchsorted(passages.word_starts, end), first)
    if not len(passage):
        return np.zeros((len(mentions), vectors.rows.shape[1]))
    begins = first_of_sentence(passages, passages.word_starts)
    begins[1:] |= passage[1:] != passage[:-1]
    sentence = np.cumsum(begins)
    own = sentence[np.minimum(first, len(sentence) - 1)]
    begin = np.maximum(first - MAX_WORDS_PER_SIDE, np.searchsorted(sentence, own))
    last = np.minimum(stop + MAX_WORDS_PER_SIDE, np.searchsorted(sentence, own, "right"))
    begin, last = np.minimum(begin, first), np.maximum(last, stop)
    before, of_before = ranges(begin, first - begin)
    after, of_after = ranges(stop, last - stop)
    words, of = np.concatenate([before, after]), np.concatenate([of_before, of_after])
    rows = vectors.of(hashes[words])
    enough = np.bincount(of[rows < len(vectors.hashes)], minlength=len(mentions)) >= MIN_WORDS
    return _sums(vectors.rows, rows, of, len(mentions)) * enough[:, None]


def _about(layers: Layers, entities: Ints) -> Vectors:
    """The sum of the word vectors of each entity's description and types: (entities, width)."""
    vectors = word_vectors()
    hashes, of = layers.words(entities)
    return _sums(vectors.rows, vectors.of(hashes), of, len(entities))


def _sums(rows: Vectors, selected: Ints, of: Ints, size: int) -> Vectors:
    """The sums of the rows ``which``, grouped by ``of``: (size, width)."""
    order = np.argsort(of, kind="stable")
    edges = np.searchsorted(of[order], np.arange(size + 1))
    chosen = np.concatenate([rows[selected[order]], rows[-1:]])  # keeps edges in range
    sums = np.add.reduceat(chosen, edges[:-1], axis=0) if size else chosen[:0]
    return np.where((edges[1:] > edges[:-1])[:, None], sums, 0)
