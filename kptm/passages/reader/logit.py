"""A conditional logit over the rows of questions, with "none of them" as one more choice.

    p(row i of question q) = exp s_i / (exp b_q + Σ_j exp s_j)

The loss of a question is −log of the summed p of its right rows, or of "none" if no row is right.
Shapes: M rows, Q questions, F features, N features of "none".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import scipy.sparse as sp
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LogitExamples:
    """Training questions.

    Attributes:
        rows_MF: Features of the rows; the rows of a question are adjacent.
        first_Q: The first row of each question; each has at least one.
        right_M: Whether each row is right.
        none_QN: Features of "none".
    """

    rows_MF: sp.csr_matrix
    first_Q: NDArray[np.int64]
    right_M: NDArray[np.bool_]
    none_QN: sp.csr_matrix


def fit(
    examples: LogitExamples, penalty_F: Floats, penalty_N: Floats, start: Floats | None, steps: int
) -> Floats:
    """Fit the weights of the rows' features and of those of "none", shape (F + N,).

    Args:
        examples: The questions.
        penalty_F: The L2 penalty of each weight: half of it times the square is added to the loss.
        penalty_N: The L2 penalty of each weight of "none".
        start: The initial weights, by default zeros.
        steps: The maximum number of steps of L-BFGS.
    """
    from scipy.optimize import minimize

    rows, none = examples.rows_MF, examples.none_QN
    rows_T, none_T = rows.T.tocsr(), none.T.tocsr()
    size = rows.shape[1]
    count_Q = np.diff(np.append(examples.first_Q, rows.shape[0]))
    of_M = np.repeat(np.arange(len(count_Q)), count_Q)
    is_right = examples.right_M
    has_Q = np.add.reduceat(is_right.astype(np.float64), examples.first_Q) > 0
    penalty = np.concatenate([penalty_F, penalty_N])

    def loss(weights: Floats) -> tuple[float, Floats]:
        score_M, bias_Q = rows @ weights[:size], none @ weights[size:]
        top_Q = np.maximum(np.maximum.reduceat(score_M, examples.first_Q), bias_Q)
        exp_M, exp_Q = np.exp(score_M - top_Q[of_M]), np.exp(bias_Q - top_Q)
        total_Q = np.add.reduceat(exp_M, examples.first_Q) + exp_Q
        good_M = np.where(is_right, exp_M, 0.0)
        good_Q = np.add.reduceat(good_M, examples.first_Q)
        # The p of a right row may underflow to 0; the floor keeps its logarithm finite.
        wanted_Q = np.maximum(np.where(has_Q, good_Q, exp_Q), 1e-300)
        value = float(np.log(total_Q).sum() - np.log(wanted_Q).sum())
        by_row_M = exp_M / total_Q[of_M] - np.where(has_Q[of_M], good_M / wanted_Q[of_M], 0.0)
        by_none_Q = exp_Q / total_Q - np.where(has_Q, 0.0, 1.0)
        gradient = np.concatenate([rows_T @ by_row_M, none_T @ by_none_Q])
        value += float((penalty * weights**2).sum()) / 2
        return value, gradient + penalty * weights

    first = np.zeros(len(penalty)) if start is None else start
    fitted = minimize(
        loss, first, jac=True, method="L-BFGS-B", options={"maxiter": steps, "maxcor": 6}
    )
    return np.asarray(fitted.x, np.float64)
