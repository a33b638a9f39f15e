"""Maps one model's vectors to another's by a rotation fitted on pairs (orthogonal Procrustes).

Schönemann 1966: among all R with orthonormal rows, ``U Vᵀ`` minimises ``‖A R − B‖``, where ``U S
Vᵀ`` is the singular value decomposition of ``Aᵀ B``. With scale and centres (Gower 1975), a vector
x is mapped to ``s (x − a) R + b``. A rotation preserves nearest neighbours, so recall is lost only
where the two models differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kptm.errors import ModeledgeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    Measure = Callable[[Vectors, Vectors], float]

WAYS = ("plain", "centred", "unit", "unit, centred")
"""The normalisation of both sides before the rotation is fitted."""

ANCHORS_PER_HELD_OUT = 5
"""One in this many anchors is held out to choose the way."""


@dataclass(frozen=True, slots=True)
class OrthogonalMap:
    """A map from vectors of width D to vectors of width E, D ≤ E.

    Attributes:
        way: One of :data:`WAYS`.
        rotation: Shape (D, E), rows orthonormal.
        scale: The factor s.
        origin: The centre a, subtracted from each vector, shape (D,).
        goal: The centre b, added to each vector, shape (E,).
    """

    way: str
    rotation: NDArray[np.float64]
    scale: float
    origin: NDArray[np.float64]
    goal: NDArray[np.float64]

    def __call__(self, vectors: Vectors) -> Vectors:
        """Map vectors, shape (n, D) to (n, E)."""
        centred = _prepare(vectors, self.way) - self.origin
        return (self.scale * centred @ self.rotation + self.goal).astype(np.float32)


def fit(old: Vectors, new: Vectors, way: str = "plain") -> OrthogonalMap:
    """Fit the map with the least squared error from the rows of ``old`` to those of ``new``.

    Args:
        old: Vectors by the old model, shape (n, D).
        new: Vectors of the same records by the new model, shape (n, E).
        way: One of :data:`WAYS`.

    Raises:
        ModeledgeError: There are no pairs, or D > E: such a map would drop dimensions, and the
            decomposition would not give the least error.
    """
    if not len(old) or len(old) != len(new):
        raise ModeledgeError(
            f"a map needs pairs of vectors, not {len(old):,} and {len(new):,}; re-encode instead"
        )
    if old.shape[1] > new.shape[1]:
        raise ModeledgeError(
            f"vectors of width {old.shape[1]} cannot be turned into the narrower {new.shape[1]}"
            ' without loss; use method="encode"'
        )
    a, b = _prepare(old, way), _prepare(new, way)
    centred = way.endswith("centred")
    origin = a.mean(0) if centred else np.zeros(a.shape[1])
    goal = b.mean(0) if centred else np.zeros(b.shape[1])
    a, b = a - origin, b - goal
    left, values, right = np.linalg.svd(a.T @ b, full_matrices=False)
    size = float((a * a).sum())
    return OrthogonalMap(
        way, left @ right, float(values.sum()) / size if size else 1.0, origin, goal
    )


def best(old: Vectors, new: Vectors, measure: Measure, seed: int = 0) -> OrthogonalMap:
    """Choose the way that is best on held-out anchors, and fit its map on all anchors.

    Args:
        old: Vectors by the old model, shape (n, D).
        new: Vectors of the same records by the new model, shape (n, E).
        measure: The score of (mapped, new), higher is better; the first way wins a tie.
        seed: The seed of the held-out anchors.

    Raises:
        ModeledgeError: There are no pairs, or D > E; see :func:`fit`.
    """
    order = np.random.default_rng(seed).permutation(len(old))
    held_out, fitted = (
        order[: len(order) // ANCHORS_PER_HELD_OUT],
        order[len(order) // ANCHORS_PER_HELD_OUT :],
    )
    way = WAYS[0]
    if len(held_out):
        scores = {
            name: measure(fit(old[fitted], new[fitted], name)(old[held_out]), new[held_out])
            for name in WAYS
        }
        way = max(scores, key=lambda name: scores[name])
    return fit(old, new, way)


def _prepare(vectors: Vectors, way: str) -> NDArray[np.float64]:
    wide = vectors.astype(np.float64)
    if way.startswith("unit"):
        wide /= np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-30)
    return wide
