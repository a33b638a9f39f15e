"""A logistic model of the probability that two entities are the same thing.

It has weights of its own for each kind of similarity between names, because evidence weighs
differently: for equal names, the facts decide, for names with a slip, the letters. A feature adds
a piecewise linear function of its value to the log-odds, which never falls if the feature speaks
for a pair, and never rises if it speaks against it: a generalised additive model (Hastie and
Tibshirani 1986).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from kg.files.atomic import write_text
from kptm.duplicates.entity_comparison import FEATURES, SIGNS
from kptm.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

VERSION = 4
"""The version of the file of weights."""
PRIOR_PRECISION = 4.0
"""1 / variance of the normal prior around the earlier weights, to which fitted ones are drawn."""
WAYS = ("same words", "slips", "abbreviations", "other")
"""The kinds of similarity between names: the same words in any order; the same words except for
slips; the same words except for abbreviations and slips; names with words of their own."""
PIECES = 2
"""The number K of linear pieces of the function of a feature."""
TAIL_SHARE = 0.02
"""The share of pairs below the first and above the last knot, where functions are constant."""
MAX_SMALL_WEIGHT = 0.1
"""The most that words without a counterpart, such as "of", may weigh in names that still count as
different only by slips or abbreviations."""


def ways_of(features: NDArray[np.float64]) -> NDArray[np.int64]:
    """The index in :data:`WAYS` of each pair's kind of similarity, shape (P,).

    Args:
        features: The features of the pairs, shape (P, F).
    """
    column = {name: features[:, i] for i, name in enumerate(FEATURES)}
    short, slips = column["abbreviated"] > 0, column["slips"] > 0
    own_words = (column["extra"] > MAX_SMALL_WEIGHT) | ~(short | slips)
    ways = np.where(own_words, 3, np.where(short, 2, 1))
    return np.where(column["same_words"] > 0, 0, ways)


@dataclass(frozen=True, slots=True)
class DuplicateModel:
    """Weights of the F features of a pair, for each of the W kinds of similarity between names.

    Attributes:
        weights: What each of the K pieces of the function of a feature of
            :data:`~kptm.duplicates.entity_comparison.FEATURES` adds to the log-odds between its two
            knots, shape (W, F, K).
        biases: The log-odds of a pair with all features at their first knots or below, shape (W,).
        knots: The ends of the pieces, rising, shape (F, K + 1).
        pairs: The number of pairs to which it was fitted after the weights of the package.
    """

    weights: NDArray[np.float64]
    biases: NDArray[np.float64]
    knots: NDArray[np.float64]
    pairs: int = 0

    @classmethod
    def flat(cls, knots: NDArray[np.float64] | None = None) -> DuplicateModel:
        """Weights of 0, which give 1/2 to every pair; by default with knots from 0 to 1."""
        if knots is None:
            knots = np.tile(np.linspace(0, 1, PIECES + 1), (len(FEATURES), 1))
        weights = np.zeros((len(WAYS), len(FEATURES), knots.shape[1] - 1))
        return cls(weights, np.zeros(len(WAYS)), knots)

    def probabilities(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """The probability that each pair is the same; features of shape (P, F)."""
        ways = ways_of(features)
        pieces = self._pieces(features)
        scores = np.einsum("pfk,pfk->p", pieces, self.weights[ways]) + self.biases[ways]
        return np.asarray(expit(scores), np.float64)

    def _pieces(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """How much of each piece lies below the value of a feature, from 0 to 1; (P, F, K)."""
        low, high = self.knots[:, :-1], self.knots[:, 1:]
        return np.clip((features[:, :, None] - low) / (high - low), 0, 1)

    def fit(
        self,
        features: NDArray[np.float64],
        same: NDArray[np.float64],
        *,
        prior: float = PRIOR_PRECISION,
    ) -> DuplicateModel:
        """Fit the weights to decided pairs, starting from these weights.

        It is logistic regression with a Gaussian prior around the present weights, so that a few
        pairs change them little and many pairs change them more. The meaning of a feature fixes the
        sign of its weight.

        Args:
            features: The features of the pairs, shape (P, F).
            same: 1 for pairs that are the same, 0 for others, shape (P,).
            prior: 1 / variance of the prior.
        """
        ways = ways_of(features)
        weights, biases = self.weights.copy(), self.biases.copy()
        for way in range(len(WAYS)):
            chosen = ways == way
            if chosen.any():
                rows = self._pieces(features[chosen]).reshape(chosen.sum(), -1)
                start = np.r_[weights[way].ravel(), biases[way]]
                fitted = _fit(rows, same[chosen], start, prior)
                weights[way], biases[way] = fitted[:-1].reshape(weights[way].shape), fitted[-1]
        return DuplicateModel(weights, biases, self.knots, self.pairs + len(features))

    def save(self, path: Path) -> None:
        """Write the weights as JSON, atomically."""
        ways = {
            way: {"bias": round(float(bias), 4), **_by_feature(weights)}
            for way, weights, bias in zip(WAYS, self.weights, self.biases, strict=True)
        }
        knots = _by_feature(self.knots)
        content = {"version": VERSION, "pairs": self.pairs, "knots": knots, "weights": ways}
        write_text(path, json.dumps(content, indent=1) + "\n")

    @classmethod
    def load(cls, path: Path | None = None) -> DuplicateModel:
        """Read weights, by default those of the package.

        Raises:
            ModelError: The file is damaged, or of another version.
        """
        source = path or files("kptm.duplicates") / "weights.json"
        try:
            content = json.loads(source.read_text(encoding="utf-8"))
            expected = {"bias", *FEATURES}
            ways = [content["weights"][way] for way in WAYS]
            if content["version"] != VERSION or any({*way} != expected for way in ways):
                raise ModelError(f"{source}: is of another version; delete it and fit again")
            weights = np.array([[way[name] for name in FEATURES] for way in ways], np.float64)
            biases = np.array([way["bias"] for way in ways], np.float64)
            knots = np.array([content["knots"][name] for name in FEATURES], np.float64)
            if knots.shape != (len(FEATURES), weights.shape[2] + 1) or (np.diff(knots) <= 0).any():
                raise ModelError(f"{source}: its knots do not rise; delete it and fit again")
            return cls(weights, biases, knots, int(content["pairs"]))
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            raise ModelError(f"{source}: cannot be read ({error}); delete it") from error


def knots_of(
    features: NDArray[np.float64], same: NDArray[np.float64], pieces: int = PIECES
) -> NDArray[np.float64]:
    """Knots at quantiles of the features, to which both kinds of pairs contribute alike.

    Args:
        features: The features of the pairs, shape (P, F).
        same: 1 for pairs that are the same, 0 for others, shape (P,).
        pieces: The number K of pieces.

    Returns:
        The knots, shape (F, K + 1).
    """
    right, wrong = features[same > 0], features[same == 0]
    balanced = np.concatenate(
        [np.repeat(right, max(1, len(wrong) // max(1, len(right))), 0), wrong]
    )
    shares = np.linspace(TAIL_SHARE, 1 - TAIL_SHARE, pieces + 1)
    knots_of_features = []
    for column in balanced.T:
        knots = np.round(np.quantile(column, shares), 4)
        if (np.diff(knots) <= 0).any():  # a feature of few values, such as yes and no
            low, high = float(column.min()), float(column.max())
            knots = np.linspace(low, high if high > low else low + 1, pieces + 1)
        knots_of_features.append(knots)
    return np.array(knots_of_features)


def _by_feature(values: NDArray[np.float64]) -> dict[str, list[float]]:
    """The rows of an array by the names of features, with four decimals."""
    return {
        name: [round(float(value), 4) for value in row]
        for name, row in zip(FEATURES, values, strict=True)
    }


def _fit(
    pieces: NDArray[np.float64],
    same: NDArray[np.float64],
    start: NDArray[np.float64],
    prior: float,
) -> NDArray[np.float64]:
    """The weights and, last, the bias of a logistic regression around ``start``."""
    rows = np.c_[pieces, np.ones(len(pieces))]

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = rows @ weights
        change = weights - start
        value = np.logaddexp(0, scores).sum() - same @ scores + prior / 2 * change @ change
        return float(value), rows.T @ (expit(scores) - same) + prior * change

    # A feature that speaks for a pair has a weight of at least 0, one against it at most 0.
    weights_per_feature = (len(start) - 1) // len(FEATURES)
    signs = [SIGNS.get(name, 1) for name in FEATURES for _ in range(weights_per_feature)]
    bounds = [(0 if sign > 0 else None, 0 if sign < 0 else None) for sign in signs]
    minimum = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[*bounds, (None, None)],
                     options={"maxiter": 1_000})  # fmt: skip
    return np.asarray(minimum.x, np.float64)
