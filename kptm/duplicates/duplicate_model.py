"""A logistic model of the probability that two entities are the same thing.

It has weights of its own for each kind of similarity between names, because evidence weighs
differently: for equal names, the facts decide, for names with a slip, the letters.
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

VERSION = 2
"""The version of the file of weights."""
PRIOR = 4.0
"""1 / variance of the normal prior around the earlier weights, to which fitted ones are drawn."""
WAYS = ("same words", "slips", "abbreviations", "other")
"""The kinds of similarity between names: the same words in any order; the same words except for
slips; the same words except for abbreviations and slips; names with words of their own."""
SMALL = 0.1
"""The most that words without a counterpart, such as "of", may weigh in names that still count as
different only by slips or abbreviations."""


def ways_of(features: NDArray[np.float64]) -> NDArray[np.int64]:
    """The index in :data:`WAYS` of each pair's kind of similarity, shape (P,).

    Args:
        features: The features of the pairs, shape (P, F).
    """
    column = {name: features[:, at] for at, name in enumerate(FEATURES)}
    short, slips = column["abbreviated"] > 0, column["slips"] > 0
    own_words = (column["extra"] > SMALL) | ~(short | slips)
    ways = np.where(own_words, 3, np.where(short, 2, 1))
    return np.where(column["same_words"] > 0, 0, ways)


@dataclass(frozen=True, slots=True)
class DuplicateModel:
    """Weights of the F features of a pair, for each of the W kinds of similarity between names.

    Attributes:
        weights: The weight of each feature of
            :data:`~kptm.duplicates.entity_comparison.FEATURES`, shape (W, F).
        biases: The log-odds of a pair without any feature, shape (W,).
        pairs: The number of pairs to which it was fitted after the weights of the package.
    """

    weights: NDArray[np.float64]
    biases: NDArray[np.float64]
    pairs: int = 0

    @classmethod
    def flat(cls) -> DuplicateModel:
        """Weights of 0, which give 1/2 to every pair."""
        return cls(np.zeros((len(WAYS), len(FEATURES))), np.zeros(len(WAYS)))

    def probabilities(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """The probability that each pair is the same; features of shape (P, F)."""
        ways = ways_of(features)
        scores = (features * self.weights[ways]).sum(axis=1) + self.biases[ways]
        return np.asarray(expit(scores), np.float64)

    def fit(
        self, features: NDArray[np.float64], same: NDArray[np.float64], *, prior: float = PRIOR
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
                start = np.r_[weights[way], biases[way]]
                found = _fit(features[chosen], same[chosen], start, prior)
                weights[way], biases[way] = found[:-1], found[-1]
        return DuplicateModel(weights, biases, self.pairs + len(features))

    def save(self, path: Path) -> None:
        """Write the weights as JSON, atomically."""
        ways = {
            way: {
                "bias": round(float(bias), 4),
                **{
                    name: round(float(weight), 4)
                    for name, weight in zip(FEATURES, weights, strict=True)
                },
            }
            for way, weights, bias in zip(WAYS, self.weights, self.biases, strict=True)
        }
        written = {"version": VERSION, "pairs": self.pairs, "weights": ways}
        write_text(path, json.dumps(written, indent=1) + "\n")

    @classmethod
    def load(cls, path: Path | None = None) -> DuplicateModel:
        """Read weights, by default those of the package.

        Raises:
            ModelError: The file is damaged, or of another version.
        """
        source = path or files("kptm.duplicates") / "weights.json"
        try:
            read = json.loads(source.read_text(encoding="utf-8"))
            wanted = {"bias", *FEATURES}
            ways = [read["weights"][way] for way in WAYS]
            if read["version"] != VERSION or any({*way} != wanted for way in ways):
                raise ModelError(f"{source}: is of another version; delete it and fit again")
            weights = np.array([[float(way[name]) for name in FEATURES] for way in ways])
            return cls(weights, np.array([float(way["bias"]) for way in ways]), int(read["pairs"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{source}: cannot be read ({error}); delete it") from error


def _fit(
    features: NDArray[np.float64],
    same: NDArray[np.float64],
    start: NDArray[np.float64],
    prior: float,
) -> NDArray[np.float64]:
    """The weights and, last, the bias of a logistic regression around ``start``."""
    rows = np.c_[features, np.ones(len(features))]

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = rows @ weights
        change = weights - start
        value = np.logaddexp(0, scores).sum() - same @ scores + prior / 2 * change @ change
        return float(value), rows.T @ (expit(scores) - same) + prior * change

    # A feature that speaks for a pair has a weight of at least 0, one against it at most 0.
    signs = [SIGNS.get(name, 1) for name in FEATURES]
    bounds = [(0 if sign > 0 else None, 0 if sign < 0 else None) for sign in signs]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[*bounds, (None, None)],
                     options={"maxiter": 1_000})  # fmt: skip
    return np.asarray(found.x, np.float64)
