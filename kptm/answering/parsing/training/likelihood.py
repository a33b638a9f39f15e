"""Fits the model to answered questions by maximum marginal likelihood of the right programs.

L-BFGS maximises

    Σ_q log Σ_{z right} p(z | q) − ‖w_dense − w_default‖² / 2σ² − ‖w_learnt‖² / 2τ²

where a program is right if its denotation is (Liang, Jordan and Klein 2011, section 3.2).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from kptm.answering.parsing.model import DEFAULT, NONE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from kptm.answering.parsing.model import ReadingModel
    from kptm.answering.parsing.ranking.program_candidates import ProgramCandidate

    Floats = NDArray[np.float64]

DENSE_STD, WORD_STD, KIND_STD = 1.0, 0.4, 0.6
"""Standard deviations of the priors: of dense weights, of weights of words with predicates, and of
weights of words with types of named entities.
"""
KIND = "@"
"""The prefix of a predicate for the type of a named entity."""
MIN_EXPLAINING_WEIGHT = 0.3
"""The least learnt weight with which a predicate explains a word."""
MAX_CANDIDATES = 80
"""The most candidates of a question in the fit; the right ones come first."""
MIN_WEIGHT = 0.01
"""Learnt weights below this absolute value are dropped."""
MAX_ITERATIONS = 80
"""The most iterations of L-BFGS."""
FIXED_PRECISION = 1e9
"""The precision of a prior that keeps a weight fixed."""
LOG_EPSILON = 1e-300
"""Added before a logarithm is taken, so that it is finite."""


@dataclass(frozen=True, slots=True)
class Example:
    """The candidates of a training question.

    Attributes:
        candidates: The candidates.
        right: The reward of each candidate's denotation, between 0 and 1.
        none: The features of "no candidate is meant".
    """

    candidates: Sequence[ProgramCandidate]
    right: Sequence[float]
    none: Mapping[str, float] = field(default_factory=lambda: {NONE: 1.0})


class Table(NamedTuple):
    """A matrix of the candidates of all examples.

    The last row of each example stands for "no candidate is meant".

    Attributes:
        features: The features of each row, shape (rows, weights).
        first: The index of the first row of each example.
        sizes: The number of rows of each example.
        right: The reward of each row, between 0 and 1.
    """

    features: csr_matrix
    first: NDArray[np.intp]
    sizes: NDArray[np.intp]
    right: Floats


def fit(
    examples: Sequence[Example],
    start: ReadingModel,
    *,
    dense: bool = True,
    learnt: bool = True,
    spread: float = DENSE_STD,
    spread_learnt: float = WORD_STD,
) -> ReadingModel:
    """Fit the model that maximises the likelihood of the right candidates.

    Args:
        examples: The candidates of each training question.
        start: The model whose dense weights are the starting point and the means of their priors.
        dense: Whether to fit the dense weights.
        learnt: Whether to fit the weights of pairs of predicate and word.
        spread: The standard deviation of the prior of the dense weights.
        spread_learnt: The standard deviation of the prior of the other weights.
    """
    names = sorted(DEFAULT)
    own: dict[tuple[str, str], int] = {}
    table = _table(examples, names, own if learnt else None)
    guess = np.zeros(len(names) + len(own))
    guess[: len(names)] = [start.dense.get(name, DEFAULT[name]) for name in names]
    precision = np.full(len(guess), 1 / spread_learnt**2)
    precision[: len(names)] = 1 / spread**2 if dense else FIXED_PRECISION
    for (predicate, _), column in own.items():
        if predicate.startswith(KIND):  # there are few types, so a weaker prior is enough
            precision[column] = 1 / KIND_STD**2
    weights_found = minimize(
        lambda weights: loss(weights, table, guess, precision),
        guess,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": MAX_ITERATIONS},
    ).x
    fitted = dict(zip(names, weights_found[: len(names)].tolist(), strict=True))
    words: dict[str, dict[str, float]] = defaultdict(dict)
    for (predicate, word), column in own.items():
        weight = float(weights_found[column])
        if abs(weight) > MIN_WEIGHT:
            words[predicate][word] = weight
    return replace(
        start, dense=fitted, learnt=dict(words), explains=_explains(words), count=len(examples)
    )


def loss(weights: Floats, table: Table, guess: Floats, precision: Floats) -> tuple[float, Floats]:
    """The negative log posterior, and its gradient.

    Args:
        weights: The weights, shape (weights,).
        table: The candidates.
        guess: The mean of each weight's prior, shape (weights,).
        precision: The inverse variance of each weight's prior, shape (weights,).
    """
    score = table.features @ weights
    # Each example's largest score is subtracted, so that no exponential overflows.
    top = np.maximum.reduceat(score, table.first)
    p = np.exp(score - np.repeat(top, table.sizes))
    right_weight = p * table.right
    total = np.add.reduceat(p, table.first) + LOG_EPSILON
    right_total = np.add.reduceat(right_weight, table.first) + LOG_EPSILON
    # ∂ value / ∂ score: the probability of a row minus its share among the right rows.
    pull = p / np.repeat(total, table.sizes) - right_weight / np.repeat(right_total, table.sizes)
    off = weights - guess
    value = float((np.log(total) - np.log(right_total)).sum() + precision @ off**2 / 2)
    return value, table.features.T @ pull + precision * off


def _table(
    examples: Sequence[Example], names: Sequence[str], own: dict[tuple[str, str], int] | None
) -> Table:
    """Build the table of all examples.

    Args:
        examples: The examples.
        names: The names of the dense features, which are the first columns.
        own: Filled with the column of each pair (predicate, word); None to leave these out.
    """
    at = {name: number for number, name in enumerate(names)}
    entries: list[tuple[int, int, float]] = []
    first, right = [0], list[float]()
    for example in examples:
        for number in _choose_candidates(example):
            candidate = example.candidates[number]
            columns = [
                (at[name], value) for name, value in candidate.features.items() if name in at
            ]
            if own is not None:
                columns += [(column, 1.0) for column in _columns(candidate, own, len(names))]
            entries += [(len(right), column, value) for column, value in columns]
            right.append(example.right[number])
        # "No candidate is meant" is right if no candidate is right.
        entries += [(len(right), at[name], value) for name, value in example.none.items()]
        right.append(0.0 if any(right[first[-1] :]) else 1.0)
        first.append(len(right))
    rows, places, values = zip(*entries, strict=True)
    size = len(names) + len(own or ())
    features = csr_matrix((values, (rows, places)), shape=(len(right), size))
    return Table(features, np.array(first[:-1]), np.diff(first), np.array(right))


def _choose_candidates(example: Example) -> list[int]:
    """Indices of the candidates for the fit: right ones first, then by score."""
    everything = range(len(example.candidates))
    ordered = sorted(
        everything, key=lambda n: (example.right[n] <= 0, -example.candidates[n].score)
    )
    return ordered[:MAX_CANDIDATES]


def _columns(
    candidate: ProgramCandidate, own: dict[tuple[str, str], int], before: int
) -> Iterator[int]:
    """The columns of a candidate's pairs (predicate, word); new pairs are added to ``own``."""
    for predicate in dict.fromkeys(candidate.predicates):
        for word in (*candidate.words, ""):
            yield own.setdefault((predicate, word), before + len(own))


def _explains(words: Mapping[str, Mapping[str, float]]) -> dict[str, frozenset[str]]:
    """By predicate: the single words that it explains, because their weight is high enough."""
    return {
        predicate: frozenset(
            word
            for word, weight in some.items()
            if weight > MIN_EXPLAINING_WEIGHT and word and " " not in word
        )
        for predicate, some in words.items()
        if not predicate.startswith("s:") and "(" not in predicate
    }
