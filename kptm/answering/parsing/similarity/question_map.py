"""A linear map of a question's vector, learnt from answers, towards the steps asked for.

    Σ_q log Σ_{s right} p(s | q) − λ ‖A‖² / 2,
    p(s | q) = exp(τ (q + qA) · s) / Σ_s' exp(τ (q + qA) · s')

over all steps of the graph, by L-BFGS. A = 0 is the encoder as it is. What is stored of A is its
best approximation of a low rank (Eckart and Young 1936).
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

SHARPNESS = 20.0
"""τ: cosines differ by little."""
STRENGTH = 20.0
"""λ."""
RANK = 64
ROUNDS = 40


@dataclass(frozen=True, eq=False)
class QuestionMap:
    """A map of rank r of vectors of an encoder.

    Attributes:
        encoder: The fingerprint of the encoder whose vectors it maps.
        left: (width, r).
        right: (r, width).
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
        """Mapped vectors, (…, width)."""
        turned: Vectors = ((vectors @ self.left) @ self.right).astype(np.float32)
        return vectors + turned

    def to_dict(self) -> dict[str, Any]:
        """A JSON value: numbers as little-endian float16 in base64."""
        return {
            "encoder": self.encoder,
            "rank": self.left.shape[1],
            "left": b64encode(self.left.astype("<f2").tobytes()).decode(),
            "right": b64encode(self.right.astype("<f2").tobytes()).decode(),
        }

    @classmethod
    def from_dict(cls, value: Any) -> QuestionMap:
        """What :meth:`to_dict` gave.

        Raises:
            ValueError: It is malformed.
        """
        rank = int(value["rank"])
        left, right = (
            np.frombuffer(b64decode(value[side], validate=True), "<f2").astype(np.float32)
            for side in ("left", "right")
        )
        return cls(str(value["encoder"]), left.reshape(-1, rank), right.reshape(rank, -1))


def fit_map(
    questions: Vectors, steps: Vectors, right: Floats, encoder: str, *, strength: float = STRENGTH
) -> QuestionMap | None:
    """The map that brings questions nearest to their right steps.

    Args:
        questions: Unit vectors, (questions, width).
        steps: Unit vectors, (steps, width).
        right: How right each step is for each question, (questions, steps), 0 or more.
        encoder: The fingerprint of the encoder.
        strength: λ.

    Returns:
        The map; None where no question has a right step.
    """
    from scipy.optimize import minimize

    known = right.sum(1) > 0
    if not known.any():
        return None
    q, s, w = questions[known].astype(float), steps.astype(float), right[known]
    width = q.shape[1]

    def loss(flat: Floats) -> tuple[float, Floats]:
        a = flat.reshape(width, width)
        score = SHARPNESS * ((q + q @ a) @ s.T)
        p = np.exp(score - score.max(1, keepdims=True))
        total = p.sum(1, keepdims=True)
        meant = p * w + 1e-300
        asked = meant.sum(1, keepdims=True)
        # ∂ loss / ∂ score: what the model expects of each step, less its share among right steps.
        pull = SHARPNESS * (p / total - meant / asked)
        value = float((np.log(total) - np.log(asked)).sum() + strength / 2 * (flat @ flat))
        return value, (q.T @ (pull @ s)).ravel() + strength * flat

    found = minimize(
        loss, np.zeros(width * width), jac=True, method="L-BFGS-B", options={"maxiter": ROUNDS}
    ).x
    u, size, v = np.linalg.svd(found.reshape(width, width))
    root = np.sqrt(size[:RANK])
    return QuestionMap(
        encoder,
        (u[:, :RANK] * root).astype(np.float32),
        (root[:, None] * v[:RANK]).astype(np.float32),
    )
