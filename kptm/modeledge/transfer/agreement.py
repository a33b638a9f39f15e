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

NEIGHBOURS = 10
"""The number of neighbours that are compared."""

TIE_TOLERANCE = 1e-6
"""Within this tolerance of the last neighbour's similarity, similarities count as equal to it."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Measures on vectors that were both re-encoded and mapped.

    Attributes:
        recall: Recall@10: the share of a vector's ten nearest re-encoded neighbours that are among
            its ten nearest mapped ones. Re-encoding itself has 1.
        found: Among the vectors whose value occurs more than once, the share with such a vector
            among the ten nearest mapped ones; NaN if no value occurs twice.
        found_encoded: The same share for the ten nearest re-encoded vectors.
        count: The number of vectors that were compared.
    """

    recall: float
    found: float
    found_encoded: float
    count: int


def recall(mapped: Vectors, encoded: Vectors) -> float:
    """Compute :attr:`Agreement.recall`; 1 if no vector has a neighbour.

    Args:
        mapped: Mapped vectors, shape (n, D).
        encoded: The same records re-encoded, shape (n, D). They are the queries, and their
            neighbours among each other are the gold standard.
    """
    similarities, gold = _neighbours(encoded, encoded)
    _, near = _neighbours(encoded, mapped)
    if not gold.size:
        return 1.0
    queries = unit(encoded)
    worst = np.take_along_axis(similarities, gold, 1).min(1) - TIE_TOLERANCE
    del similarities  # frees memory
    scores = np.stack([queries[row] @ query for row, query in zip(near, queries, strict=True)])
    return float((scores >= worst[:, None]).mean())


def agreement(mapped: Vectors, encoded: Vectors, values: Sequence[str]) -> Agreement:
    """Measure the agreement of vectors, shape (n, D) each, with the given values."""
    value_ids = np.unique(np.asarray(values, dtype=object), return_inverse=True)[1]
    repeated = np.bincount(value_ids)[value_ids] > 1 if len(value_ids) else np.zeros(0, bool)
    shares = []
    for among in (mapped, encoded):
        _, near = _neighbours(encoded, among)
        hit = (
            (value_ids[near] == value_ids[:, None]).any(1)
            if near.size
            else np.zeros(len(value_ids), bool)
        )
        shares.append(float(hit[repeated].mean()) if repeated.any() else float("nan"))
    return Agreement(recall(mapped, encoded), shares[0], shares[1], len(value_ids))


def _neighbours(queries: Vectors, among: Vectors) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Similarities of all pairs, shape (n, n), and each row's nearest other rows."""
    scores = unit(queries) @ unit(among).T
    np.fill_diagonal(scores, -np.inf)
    top = max(0, min(NEIGHBOURS, len(scores) - 1))
    order = np.argsort(-scores, axis=1, kind="stable")[:, :top]
    return scores, order
