"""Make the vectors of the words that linking compares contexts by.

    python tools/build_word_vectors.py ENCODER     # writes kptm/linking/names/words/vectors.npy

ENCODER is the folder of a sentence encoder. The vectors are its own of each word alone, rotated
onto their first principal axes and rounded to a byte a number.
"""

import sys

import numpy as np

from kptm.linking.disambiguation.description_encoder import Encoder
from kptm.linking.names.english_lexicon import listed_words
from kptm.linking.names.english_words import FOLDER

WIDTH = 64
COMMON = 8_000
"""Words, the commonest, whose principal axes are taken."""


def main() -> None:
    """Encode the words, rotate, round, write."""
    vectors = Encoder(sys.argv[1]).encode(listed_words("vectors.txt"))
    vectors = vectors - vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(vectors[:COMMON], full_matrices=False)
    found = vectors @ axes[:WIDTH].T
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    np.save(FOLDER / "vectors.npy", np.round(found * 127 / np.abs(found).max()).astype(np.int8))


if __name__ == "__main__":
    main()
