"""Agreement of mapped and re-encoded vectors: do they have the same neighbours?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kptm.modeledge.vector_index.faiss_index import unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

NEAREST = 10
"""Neighbours that are compared."""

TIE = 1e-6
"""By how much a similarity may be below the last one that counts and count as equal."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was measured on vectors that were both re-encoded and moved.

    Attributes:
        recall: Of a re-encoded vector's ten nearest re-encoded others the share that is among its
            ten nearest moved ones; re-encoding's own is 1 by definition.
        found: The share of vectors with another of their value among their ten nearest moved ones,
            of those that have another at all; NaN where none has.
        found_encoded: The same where the others are re-encoded.
        count: Vectors that were compared.
    """

    recall: float
    found: float
    found_encoded: float
    count: int


def recall(moved: Vectors, encoded: Vectors) -> float:
    """:attr:`Agreement.recall`; 1 where no vector has a neighbour.

    Args:
        moved: Shape (n, D).
        encoded: Shape (n, D), the same things re-encoded: they ask, and their own neighbours are
            the right ones.
    """
    right, own = _neighbours(encoded, encoded)
    _, found = _neighbours(encoded, moved)
    if not own.size:
        return 1.0
    queries = unit(encoded)
    worst = np.take_along_axis(right, own, 1).min(1) - TIE
    del right
    scores = np.stack([queries[row] @ query for row, query in zip(found, queries, strict=True)])
    return float((scores >= worst[:, None]).mean())


def agreement(moved: Vectors, encoded: Vectors, values: Sequence[str]) -> Agreement:
    """Both measures of vectors of ``values``, shape (n, D) each."""
    named = np.unique(np.asarray(values, dtype=object), return_inverse=True)[1]
    several = np.bincount(named)[named] > 1 if len(named) else np.zeros(0, bool)
    shares = []
    for among in (moved, encoded):
        _, near = _neighbours(encoded, among)
        hit = (named[near] == named[:, None]).any(1) if near.size else np.zeros(len(named), bool)
        shares.append(float(hit[several].mean()) if several.any() else float("nan"))
    return Agreement(recall(moved, encoded), shares[0], shares[1], len(named))


def _neighbours(queries: Vectors, among: Vectors) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Similarities of all pairs, shape (n, n), and each row's nearest other rows."""
    scores = unit(queries) @ unit(among).T
    np.fill_diagonal(scores, -np.inf)
    top = max(0, min(NEAREST, len(scores) - 1))
    order = np.argsort(-scores, axis=1, kind="stable")[:, :top]
    return scores, order
