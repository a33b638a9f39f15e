"""Fitting a model to answered questions: maximum marginal likelihood over the programs that give the answers.

    Σ_q log Σ_{z right} p(z | q) − ‖w_dense − w_default‖² / 2σ² − ‖w_learnt‖² / 2τ²

by L-BFGS. Which programs are right is known by what they denote alone (Liang, Jordan and Klein 2011, section 3.2).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from kptm.answering.parsing.model import DEFAULT, NONE, ReadingModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kptm.answering.parsing.parser import Candidate

DENSE, LEARNT = 1.0, 0.4
"""Standard deviations of the priors."""
EXPLAINS = 0.3
"""Weight from which on a word is explained by a predicate."""
CANDIDATES = 80
"""Of a question that are fitted on, beside all right ones."""


@dataclass(frozen=True, slots=True)
class Example:
    """A question's candidates.

    Attributes:
        candidates: Its candidates.
        right: How right each one's denotation is, between 0 and 1.
        none: The features of none of them.
    """

    candidates: Sequence[Candidate]
    right: Sequence[float]
    none: Mapping[str, float] = field(default_factory=lambda: {NONE: 1.0})


def fit(
    examples: Sequence[Example], start: ReadingModel, *, dense: bool = True, learnt: bool = True,
    spread: float = DENSE, spread_learnt: float = LEARNT, none: bool = True,
) -> ReadingModel:
    """The model that makes the right candidates likeliest."""
    names = sorted(DEFAULT)
    at = {name: number for number, name in enumerate(names)}
    own: dict[tuple[str, str], int] = {}
    rows, columns, values, groups, right = [], [], [], [0], []
    row = 0
    for example in examples:
        order = sorted(
            range(len(example.candidates)),
            key=lambda n: (-(example.right[n] > 0), -example.candidates[n].score),
        )[:CANDIDATES]
        some = False
        for number in order:
            candidate = example.candidates[number]
            for name, value in candidate.features.items():
                if name in at and value:
                    rows.append(row), columns.append(at[name]), values.append(value)
            if learnt:
                for predicate in set(candidate.predicates):
                    for word in (*candidate.words, ""):
                        key = predicate, word
                        column = own.setdefault(key, len(names) + len(own))
                        rows.append(row), columns.append(column), values.append(1.0)
            right.append(example.right[number])
            some |= example.right[number] > 0
            row += 1
        for name, value in example.none.items():
            rows.append(row), columns.append(at[name]), values.append(value)
        right.append(0.0 if some else 1.0)
        row += 1
        groups.append(row)
    size = len(names) + len(own)
    table = csr_matrix((values, (rows, columns)), shape=(row, size))
    guess = np.zeros(size)
    guess[: len(names)] = [start.dense.get(name, DEFAULT[name]) for name in names]
    precision = np.full(size, 1 / spread_learnt**2)
    precision[: len(names)] = 1 / spread**2 if dense else 1e9
    first = np.array(groups[:-1])
    sizes = np.diff(groups)
    reward = np.array(right)

    def loss(weights):
        score = table @ weights
        top = np.maximum.reduceat(score, first)
        p = np.exp(score - np.repeat(top, sizes))
        meant = p * reward
        total = np.add.reduceat(p, first) + 1e-300
        told = np.add.reduceat(meant, first) + 1e-300
        off = weights - guess
        pull = p / np.repeat(total, sizes) - meant / np.repeat(told, sizes)
        return float((np.log(total) - np.log(told)).sum() + precision @ off**2 / 2), table.T @ pull + precision * off

    found = minimize(loss, guess, jac=True, method="L-BFGS-B", options={"maxiter": 80}).x
    fitted = dict(zip(names, found[: len(names)].tolist(), strict=True))
    words: dict[str, dict[str, float]] = defaultdict(dict)
    for (predicate, word), column in own.items():
        weight = float(found[column])
        if abs(weight) > 0.01:
            words[predicate][word] = weight
    explains = {
        predicate: frozenset(word for word, weight in some.items() if weight > EXPLAINS and " " not in word and word)
        for predicate, some in words.items()
        if not predicate.startswith("s:") and "(" not in predicate
    }
    return ReadingModel(fitted, dict(words), explains, len(examples))
