"""How alike in meaning the words around a mention and those of a candidate's description are."""

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
"""The features of this room.

A cosine, smaller for few words, and how far it is below the highest of the mention's candidates.
"""
WINDOW = 12
"""Words on either side of a mention, in its sentence."""
LEAST = 3
"""Words around a mention that have vectors, below which they are compared with nothing."""
FEW = 2.0
"""Added to the length of the vector of the words around, so that one word says little.

Each word has a length of at most 1.
"""


def word_similarity(passages: FoldedTexts, layers: Layers, found: Candidates) -> dict[str, Floats]:
    """The features of C candidates; 0 for a whole name with one meaning, which needs none."""
    alike = np.zeros(len(found.of))
    several = np.diff(found.first) > 1
    asked = several | np.logical_or.reduceat(found.kind >= FIRST_PART, found.first[:-1])
    rows = np.flatnonzero(asked[found.of])
    if len(rows):
        mentions = np.flatnonzero(asked)
        around = _around(passages, found, mentions)[np.searchsorted(mentions, found.of[rows])]
        entities, at = np.unique(found.entity[rows], return_inverse=True)
        about = _about(layers, entities)[at]
        lengths = (FEW + np.linalg.norm(around, axis=1)) * np.linalg.norm(about, axis=1)
        products = np.einsum("rd,rd->r", around, about)
        # Rounded, since sums differ in their last bits with what else is in the batch.
        alike[rows] = np.round(products / np.maximum(lengths, 1e-9), 6)
    top = np.maximum.reduceat(alike, found.first[:-1])[found.of]
    return dict(zip(ALIKE, (alike, alike - top), strict=True))


def _around(passages: FoldedTexts, found: Candidates, mentions: Ints) -> Vectors:
    """Per mention, the sum of the vectors of the words around it: (mentions, width)."""
    vectors = word_vectors()
    passage, hashes = passages.words
    start, end, _ = found.mentions.take(mentions)
    first = np.searchsorted(passages.word_starts, start)
    stop = np.maximum(np.searchsorted(passages.word_starts, end), first)
    if not len(passage):
        return np.zeros((len(mentions), vectors.rows.shape[1]))
    begins = first_of_sentence(passages, passages.word_starts)
    begins[1:] |= passage[1:] != passage[:-1]
    sentence = np.cumsum(begins)
    own = sentence[np.minimum(first, len(sentence) - 1)]
    begin = np.maximum(first - WINDOW, np.searchsorted(sentence, own))
    last = np.minimum(stop + WINDOW, np.searchsorted(sentence, own, "right"))
    begin, last = np.minimum(begin, first), np.maximum(last, stop)
    before, of_before = ranges(begin, first - begin)
    after, of_after = ranges(stop, last - stop)
    words, of = np.concatenate([before, after]), np.concatenate([of_before, of_after])
    rows = vectors.of(hashes[words])
    enough = np.bincount(of[rows < len(vectors.hashes)], minlength=len(mentions)) >= LEAST
    return _sums(vectors.rows, rows, of, len(mentions)) * enough[:, None]


def _about(layers: Layers, entities: Ints) -> Vectors:
    """Per entity, the sum of the word vectors of its description and types: (entities, width)."""
    vectors = word_vectors()
    hashes, of = layers.words(entities)
    return _sums(vectors.rows, vectors.of(hashes), of, len(entities))


def _sums(rows: Vectors, which: Ints, of: Ints, size: int) -> Vectors:
    """The sums of rows by what they are of: (size, width)."""
    order = np.argsort(of, kind="stable")
    edges = np.searchsorted(of[order], np.arange(size + 1))
    chosen = np.concatenate([rows[which[order]], rows[-1:]])  # the last is 0, for what has none
    sums = np.add.reduceat(chosen, edges[:-1], axis=0) if size else chosen[:0]
    return np.where((edges[1:] > edges[:-1])[:, None], sums, 0)
