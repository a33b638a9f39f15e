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
"""Similarities count as equal to the last neighbour's within this tolerance."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Measures on vectors that were both re-encoded and mapped.

    Attributes:
        recall: Recall@10: the share of a vector's ten nearest re-encoded neighbours that are among
            its ten nearest mapped ones. Re-encoding itself has 1.
        found: Of the vectors whose value another vector has too, the share that has such a vector
            among its ten nearest mapped ones; NaN if no value occurs twice.
        found_encoded: The same with re-encoded neighbours.
        count: Vectors that were compared.
    """

    recall: float
    found: float
    found_encoded: float
    count: int


def recall(moved: Vectors, encoded: Vectors) -> float:
    """Compute :attr:`Agreement.recall`; 1 if no vector has a neighbour.

    Args:
        moved: Shape (n, D).
        encoded: Shape (n, D), the same records re-encoded: the queries, whose own neighbours are
            the gold.
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
    """Compute the measures of vectors with ``values``, shape (n, D) each."""
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
