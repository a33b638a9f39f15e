"""A linear map that moves the vector of a question towards the right steps, learnt from answers.

The map q + qA maximises

    Σ_q log Σ_{s right} p(s | q) − λ ‖A‖² / 2,
    p(s | q) = exp(τ (q + qA) · s) / Σ_s' exp(τ (q + qA) · s')

where s' ranges over all steps of the graph. The optimiser is L-BFGS, which starts at A = 0. A is
stored as its best approximation of low rank (Eckart and Young 1936).
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Vectors = NDArray[np.float32]

INVERSE_TEMPERATURE = 20.0
"""τ, the inverse temperature; high because the cosines of different steps differ little."""
REGULARISATION = 20.0
"""λ, the regularisation strength."""
RANK = 64
"""The rank of a stored map."""
MAX_ITERATIONS = 40
"""The most iterations of L-BFGS."""


@dataclass(frozen=True, eq=False)
class QuestionMap:
    """A map q + q·left·right of rank r for the vectors of an encoder.

    Attributes:
        encoder: The fingerprint of the encoder whose vectors it maps.
        left: The left factor, shape (width, r).
        right: The right factor, shape (r, width).
    """

    encoder: str
    left: Vectors
    right: Vectors

    def __post_init__(self) -> None:
        if self.left.ndim != 2 or self.left.shape != self.right.T.shape:
            raise ValueError(f"a map of shapes {self.left.shape} and {self.right.shape}")
        if not (np.isfinite(self.left).all() and np.isfinite(self.right).all()):
            raise ValueError("a map must be finite")

    def __call__(self, vectors: Vectors) -> Vectors:
        """Map vectors, shape (…, width)."""
        turned: Vectors = ((vectors @ self.left) @ self.right).astype(np.float32)
        return vectors + turned

    def to_dict(self) -> dict[str, Any]:
        """The map as a JSON value, with the factors as little-endian float16 in base64."""
        return {
            "encoder": self.encoder,
            "rank": self.left.shape[1],
            "left": b64encode(self.left.astype("<f2").tobytes()).decode(),
            "right": b64encode(self.right.astype("<f2").tobytes()).decode(),
        }

    @classmethod
    def from_dict(cls, value: Any) -> QuestionMap:
        """Read the mapping that :meth:`to_dict` returned.

        Raises:
            ValueError: The mapping is malformed.
        """
        rank = int(value["rank"])
        left, right = (
            np.frombuffer(b64decode(value[side], validate=True), "<f2").astype(np.float32)
            for side in ("left", "right")
        )
        return cls(str(value["encoder"]), left.reshape(-1, rank), right.reshape(rank, -1))


def fit_map(
    questions: Vectors,
    steps: Vectors,
    right: Floats,
    encoder: str,
    *,
    strength: float = REGULARISATION,
) -> QuestionMap | None:
    """Fit the map that makes the right steps of the questions most probable.

    Args:
        questions: Unit vectors, shape (questions, width).
        steps: Unit vectors, shape (steps, width).
        right: The nonnegative weight of each step for each question, shape (questions, steps).
        encoder: The fingerprint of the encoder.
        strength: λ, the regularisation strength.

    Returns:
        The map; None if no question has a right step.
    """
    from scipy.optimize import minimize

    known = right.sum(1) > 0
    if not known.any():
        return None
    q, s, w = questions[known].astype(float), steps.astype(float), right[known]
    width = q.shape[1]

    def loss(flat: Floats) -> tuple[float, Floats]:
        a = flat.reshape(width, width)
        score = INVERSE_TEMPERATURE * ((q + q @ a) @ s.T)
        p = np.exp(score - score.max(1, keepdims=True))
        total = p.sum(1, keepdims=True)
        right_weight = p * w + 1e-300
        right_total = right_weight.sum(1, keepdims=True)
        # ∂ loss / ∂ score: the model's probability of a step minus its share among right steps.
        pull = INVERSE_TEMPERATURE * (p / total - right_weight / right_total)
        value = float((np.log(total) - np.log(right_total)).sum() + strength / 2 * (flat @ flat))
        return value, (q.T @ (pull @ s)).ravel() + strength * flat

    flat_map = minimize(
        loss,
        np.zeros(width * width),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": MAX_ITERATIONS},
    ).x
    u, size, v = np.linalg.svd(flat_map.reshape(width, width))
    root = np.sqrt(size[:RANK])
    return QuestionMap(
        encoder,
        (u[:, :RANK] * root).astype(np.float32),
        (root[:, None] * v[:RANK]).astype(np.float32),
    )
