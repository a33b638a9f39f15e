"""Which reading of a question is meant, or none of them: a conditional logit (McFadden 1974) over all its readings.

    p(r | q) = exp(w · x_r) / Σ_s exp(w · x_s)

s runs over the readings and over two more ways to take a question: that its name is of something that the graph lacks, and that it
asks for something that no path of relations says. Fitted on answered questions that nothing was learnt from, so that a p is worth
what it says; before, the weights are a guess, and what they give is a score without the two.

Shapes: R readings of a question, S signs, N = 4 signs of the two more ways.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TINY = 1e-300
ENOUGH = 50
"""Samples below which nothing is fitted."""
SPREAD, SPREAD_OF_NONE = 1.0, 10.0
"""Variances of the normal priors around the guess."""
LACKING = 0.1
"""Questions, to one that the graph answers, that are reckoned with of which it would lack that fact: else who asks only for what there
is teaches that everything is there."""


class Signs(NamedTuple):
    """What speaks for a reading.

    Attributes:
        sense: log p(entity | mention).
        words: log of how well the words say the path, by names or by what was learnt: either may be right.
        names: log of how well they do by names alone.
        learnt: log p(path | words) of what was learnt alone.
        seen: The same times the share of the words that were learnt from.
        direction: log of how well a cloze's side fits the path's direction.
        silent: 1 where the graph has no answer.
        misplaced: 1 where it has none and the path does not begin at such entities.
        other_sense: 1 where the question describes another sense of the name better.
        other_type: 1 where it names another sense's type.
        described: How many words of the question describe the entity.
        first: 1 where its name is the question's first.
        kind: 1 where the answers are of the kind that is asked for.
        other_kind: 1 where they are not.
    """

    sense: float
    words: float
    names: float
    learnt: float
    seen: float
    direction: float
    silent: float
    misplaced: float
    other_sense: float
    other_type: float
    described: float
    first: float
    kind: float
    other_kind: float


class Otherwise(NamedTuple):
    """Weights of the two more ways to take a question.

    Attributes:
        unnamed: Of that its name is of something that the graph lacks.
        unsaid: Of that it asks for what no path says, and of the two signs of this, as :class:`Doubt` has them:
        strange: Of the words that were not learnt from.
        nobody: Of how likely it is that no path is asked of its names.
    """

    unnamed: float
    unsaid: float
    strange: float
    nobody: float


class Doubt(NamedTuple):
    """What speaks for none of a question's readings.

    Attributes:
        strange: The share of its words that were not learnt from.
        nobody: log of how likely it is, by its words, that no path is asked of any of its names.
    """

    strange: float
    nobody: float


GUESS = Signs(
    sense=0.5, words=1.0, names=0.0, learnt=0.0, seen=0.0, direction=1.0, silent=log(0.35), misplaced=log(0.2),
    other_sense=log(1 / 3), other_type=log(1 / 9), described=0.0, first=0.0, kind=0.0, other_kind=log(0.4),
)  # fmt: skip
"""The weights before any are fitted."""
NONE = Otherwise(unnamed=-4.0, unsaid=-4.0, strange=0.0, nobody=0.0)
"""Those of the two more ways."""


@dataclass(frozen=True, slots=True)
class Sample:
    """An answered question's readings.

    Attributes:
        signs: Of each reading, shape (R, S); R is at least 1.
        doubt: Of none of them.
        right: Of which the first answer is right, shape (R,).
        silent: Which lead nowhere, shape (R,).
    """

    signs: Floats
    doubt: Doubt
    right: NDArray[np.bool_]
    silent: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Ranking:
    """The weights.

    Attributes:
        weights: Of a reading's signs.
        none: Of the two more ways.
        count: Samples that they were fitted on; 0 for the guess.
    """

    weights: Signs = GUESS
    none: Otherwise = NONE
    count: int = 0

    def score(self, signs: Floats, doubt: Doubt) -> Floats:
        """P of each reading, shape (R,), once fitted; before, a score of about 0 to 1."""
        said = signs @ np.asarray(self.weights)
        if not self.count:
            return np.asarray(np.exp(said), np.float64)
        every = np.concatenate([said, _other_ways(doubt)[:, -len(NONE) :] @ self.none])
        p = np.exp(every - every.max())
        return np.asarray(p[:-2] / p.sum(), np.float64)

    @classmethod
    def fit(cls, samples: Sequence[Sample]) -> Ranking:
        """The weights that make the right readings likeliest, or where none is right that the graph says nothing; the guess for a few."""
        if len(samples) < ENOUGH:
            return cls()
        weights = _fitted(_Table.of(samples))
        signs = len(Signs._fields)
        return cls(
            Signs(*weights[:signs].tolist()), Otherwise(*weights[signs:].tolist()), len(samples)
        )

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Ranking:
        """What :func:`dataclasses.asdict` gave.

        Raises:
            ValueError: It is no list of so many finite numbers.
        """
        weights, none = [tuple(map(float, value[name])) for name in ("weights", "none")]
        if (len(weights), len(none)) != (len(GUESS), len(NONE)) or not np.isfinite(
            weights + none
        ).all():
            raise ValueError("weights of readings must be finite, and as many as there are signs")
        return cls(Signs(*weights), Otherwise(*none), int(value["count"]))


def _other_ways(doubt: Doubt) -> Floats:
    """The rows of the two more ways to take a question, shape (2, S + N)."""
    rows = [Otherwise(1.0, 0.0, 0.0, 0.0), Otherwise(0.0, 1.0, *doubt)]
    return np.hstack([np.zeros((2, len(GUESS))), rows])


@dataclass(frozen=True, slots=True)
class _Table:
    """Rows of all samples, one below the other.

    Attributes:
        rows: Shape (rows, S + N).
        meant: Which of them may be what is asked, shape (rows,).
        first: The first row of each sample, shape (samples,).
        weight: Of each sample.
    """

    rows: Floats
    meant: NDArray[np.bool_]
    first: NDArray[np.int64]
    weight: Floats

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> _Table:
        rows, meant, weight = [], [], []
        for sample in samples:
            other = _other_ways(sample.doubt)
            signs = np.hstack([sample.signs, np.zeros((len(sample.signs), len(NONE)))])
            right = np.append(sample.right, [False, False])
            nowhere = np.append(sample.silent, [True, True])
            some = bool(right.any())
            rows.append(np.vstack([signs, other]))
            meant.append(right if some else nowhere)
            weight.append(1.0)
            if some:
                rows.append(np.vstack([_lacking(signs, sample.right), other]))
                meant.append(right | nowhere)
                weight.append(LACKING)
        first = np.cumsum([0, *map(len, rows[:-1])])
        return cls(np.vstack(rows), np.concatenate(meant), first, np.array(weight))


def _lacking(signs: Floats, right: NDArray[np.bool_]) -> Floats:
    """The signs as they would be if the graph did not have the right answers."""
    found = signs.copy()
    silent, *kinds = (Signs._fields.index(name) for name in ("silent", "kind", "other_kind"))
    found[right, silent] = 1.0
    found[np.ix_(np.flatnonzero(right), np.array(kinds))] = 0.0
    return found


def _fitted(table: _Table) -> Floats:
    from scipy.optimize import minimize

    guess = np.array([*GUESS, *NONE])
    precision = 1 / np.array([SPREAD] * len(GUESS) + [SPREAD_OF_NONE] * len(NONE))
    sizes = np.diff([*table.first, len(table.rows)])

    def spread(of_sample: Floats) -> Floats:
        return np.repeat(of_sample, sizes)

    def loss(weights: Floats) -> tuple[float, Floats]:
        off = weights - guess
        score = table.rows @ weights
        p = np.exp(score - spread(np.maximum.reduceat(score, table.first)))
        meant = p * table.meant
        # A step too far may leave nothing of what is meant.
        total, told = (np.add.reduceat(part, table.first) + TINY for part in (p, meant))
        lost = table.weight @ (np.log(total) - np.log(told)) + precision @ off**2 / 2
        pull = p / spread(total) - meant / spread(told)
        return float(lost), table.rows.T @ (pull * spread(table.weight)) + precision * off

    found = minimize(loss, guess, jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return np.asarray(found.x, np.float64)
