"""Fits the reader on the graph's facts: once to calibrate p, and once on all questions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from kptm.passages.reader.answer_pairs import DENSE
from kptm.passages.reader.distant import make_questions
from kptm.passages.reader.logit import LogitExamples, fit
from kptm.passages.reader.reader_model import (
    SHARED_COLUMNS,
    HeldOutAnswer,
    ReaderModel,
    dense_matrix,
    design,
    facts_of,
)
from kptm.passages.text_spans import kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kg.graph import KnowledgeGraph
    from kptm.passages.reader.distant import Taught
    from kptm.passages.reader.reader_model import Ints

QUESTIONS_PER_HELD_OUT = 5
"""One in this many questions is held out to calibrate p."""
MAX_STEPS = 32
"""The maximum number of steps of L-BFGS; half of it from earlier weights."""
PENALTY, DENSE_PENALTY = 1.0, 0.1
"""The L2 penalty of the weights: half of it times the square is added to the loss."""
MIN_ROWS_WITH_FEATURE = 4
"""The minimum number of rows with a feature that gets a weight."""


def train(graph: KnowledgeGraph, *, passages: int = 0) -> ReaderModel:
    """Fit the reader of a graph's passages; without passages that state facts it has no weights.

    Args:
        graph: The graph with the facts and the passages.
        passages: The number of passages, which is stored.
    """
    facts = facts_of(graph)
    questions = make_questions(graph)
    if not any(any(item.right) for item in questions):
        return ReaderModel(facts=facts, passages=passages)
    data = _Data.of(questions)
    is_training = np.arange(len(questions)) % QUESTIONS_PER_HELD_OUT > 0
    first = data.fit(is_training, None)
    best = tuple(best_of(first, item) for item in questions[::QUESTIONS_PER_HELD_OUT])
    fitted = data.fit(np.ones(len(questions), bool), first)
    values = {item.question.way: item.question.values for item in questions if item.question.values}
    return replace(fitted, values=values, best=best, facts=facts, passages=passages)


def best_of(model: ReaderModel, item: Taught) -> HeldOutAnswer:
    """The best answer to a question."""
    p, _ = model.probabilities(item.rows, item.question.way)
    total: dict[str, float] = {}
    right: dict[str, bool] = {}
    for row, value, is_right in zip(item.rows, p.tolist(), item.right, strict=True):
        total[row.node] = total.get(row.node, 0.0) + value
        right[row.node] = right.get(row.node, False) or is_right
    top = max(sorted(total), key=lambda node: total[node])
    return HeldOutAnswer(total[top], right[top], kind_of(top))


@dataclass(frozen=True, slots=True)
class _Data:
    """Questions as matrices.

    Attributes:
        ways: Relations with their direction.
        kept: The hashed features that have a weight.
        examples: The questions.
        count_Q: The number of rows of each question.
    """

    ways: tuple[str, ...]
    kept: Ints
    examples: LogitExamples
    count_Q: Ints

    @classmethod
    def of(cls, questions: Sequence[Taught]) -> _Data:
        import scipy.sparse as sp

        ways = tuple(sorted({item.question.way for item in questions}))
        number = {name: i for i, name in enumerate(ways)}
        of_Q = np.array([number[item.question.way] for item in questions], np.int64)
        count_Q = np.array([len(item.rows) for item in questions])
        rows = [row for item in questions for row in item.rows]
        of_M = np.repeat(of_Q, count_Q)
        columns, pointer, dense = design(rows, of_M, ways)
        frequent = np.flatnonzero(
            np.bincount(columns, minlength=2 * SHARED_COLUMNS) >= MIN_ROWS_WITH_FEATURE
        )
        place = np.full(2 * SHARED_COLUMNS, -1, np.int64)
        place[frequent] = np.arange(len(frequent), dtype=np.int64)
        columns = place[columns]
        has_weight = columns >= 0
        pointer = np.concatenate([[0], np.cumsum(has_weight)])[pointer]
        shape = (len(rows), len(frequent))
        ones = np.ones(int(has_weight.sum()))
        hashed = sp.csr_matrix((ones, columns[has_weight], pointer), shape=shape)
        way_of_Q = (np.ones(len(of_Q)), (np.arange(len(of_Q)), of_Q))
        bias = np.stack([np.ones(len(count_Q)), np.log1p(count_Q)], axis=1)
        examples = LogitExamples(
            rows_MF=sp.hstack([hashed, dense_matrix(dense, of_M, len(ways))]).tocsr(),
            first_Q=np.concatenate([[0], np.cumsum(count_Q)[:-1]]),
            right_M=np.array([value for item in questions for value in item.right]),
            none_QN=sp.hstack(
                [bias, sp.csr_matrix(way_of_Q, shape=(len(of_Q), len(ways)))]
            ).tocsr(),
        )
        return cls(ways, frequent, examples, count_Q)

    def fit(self, chosen_Q: NDArray[np.bool_], start: ReaderModel | None) -> ReaderModel:
        """Fit the weights on the chosen questions, from an earlier model if it is not None."""
        ways, frequent, all_ = self.ways, self.kept, self.examples
        chosen_M = np.repeat(chosen_Q, self.count_Q)
        count_Q = self.count_Q[chosen_Q]
        chosen = LogitExamples(
            rows_MF=all_.rows_MF[chosen_M],
            first_Q=np.concatenate([[0], np.cumsum(count_Q)[:-1]]),
            right_M=all_.right_M[chosen_M],
            none_QN=all_.none_QN[chosen_Q],
        )
        width = (1 + len(ways)) * len(DENSE)
        penalty = np.concatenate([np.full(len(frequent), PENALTY), np.full(width, DENSE_PENALTY)])
        bias = np.full(2 + len(ways), DENSE_PENALTY)
        warm = None
        if start is not None:
            warm = np.concatenate([start.weights, start.dense.ravel(), start.none])
        weights = fit(chosen, penalty, bias, warm, MAX_STEPS if start is None else MAX_STEPS // 2)
        return ReaderModel(
            ways=ways,
            columns=frequent.astype(np.int64),
            # Rounded to float32, as in the file, so that a model gives the same p after loading.
            weights=weights[: len(frequent)].astype(np.float32).astype(np.float64),
            dense=weights[len(frequent) : len(frequent) + width].reshape(-1, len(DENSE)),
            none=weights[len(frequent) + width :],
        )
