"""The model of disambiguation: ranking chooses a candidate, NIL prediction decides on a link.

For mention m and candidate c, p(c | m) = p(link | m) · p(c | m, link):

    ranking    p(c | m, link) = softmax over c of log s(c | m) + Σ wᵢ·fᵢ(m, c)
               s(c | m)       = (n(c) + S·b(c)) / (n + S),  b(c) = softmax of Σ uᵢ·gᵢ(m, c)
    NIL        p(link | m)    = σ(Σ vᵢ·fᵢ(m, best) + v·log p(best | m, link))

In the ranking, the features fᵢ describe the context of the mention, and gᵢ only name and entity;
NIL prediction uses features of both kinds. "best" is the candidate that is ranked first. n(c) is
the number of links from the name to c in linked texts, and n their sum over the candidates. The
shares of links have a Dirichlet prior with the mean b(c), which is fitted on all names, and the
constant weight S. Without counts, the ranking is the softmax over all features together.

The two models are fitted separately, since graphs differ more in the entities that they lack (NIL)
than in what distinguishes namesakes (ranking). There are up to three passes: the second adds the
coherence with the other mentions, from the probabilities of the first; the third adds the features
of an encoder.

Shapes: M mentions, C candidates of all mentions. Each mention has at least one candidate, and its
candidates are next to each other.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from functools import cache
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kg.files.atomic import write_text
from kptm.errors import LinkingError
from kptm.linking.disambiguation.conventions import Convention, Policy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

FOLDER = Path(__file__).with_name("coefficients")
"""The folder of the coefficients, with one file for each policy."""
VERSION = 3
PASSES = "local", "joint", "encoder"
SURE = "sure of it"
"""The feature of NIL prediction: log p(best | m, link)."""
LINKS = "links"
"""The column of counted links from the name to each candidate; not a feature with a coefficient."""
SMOOTHING = 5.0
"""S: the weight of the Dirichlet prior, as a number of counted links."""
KINDS = "water", "settlement", "territory", "person", "organisation"
"""Kinds of entities whose names differ in the words beside them: "the Po", "in Peru"."""
BESIDE = "after the", "near in", "after at", "after by", "a verb follows", "a noun follows"
"""Features of the words beside a mention."""
KIND_BESIDE = tuple(f"{kind}, {where}" for kind in KINDS for where in BESIDE)
CONTEXT = frozenset(
    {
        "part, said in full", "last name, said in full", "said in full", "description",
        "description, words", "neighbours named", "people of, a small word follows",
        "people, a small word follows", "language, a small word follows",
        "people of, a noun follows", "people, a noun follows", "language, a noun follows",
        "people of, after the", "people, after the", "language, after in", "place, after in",
        "person, after a title",
        "person, after a given name", "fact", "shared neighbours", "again", "part, fact",
        "part, shared neighbours", "similarity", "behind the most similar", "words alike",
        "behind the most alike",
        "described beside", "person, pronoun", *KIND_BESIDE,
    }
)  # fmt: skip
"""Features of the ranking that depend on the context; the others depend on name and entity only."""


STORED_NAMES = ("which", "whether")
"""The names of the ranking and of NIL prediction in files of weights."""


@dataclass(frozen=True, slots=True)
class Pass:
    """The coefficients of one pass, in nats, by feature.

    Attributes:
        ranking: Of the model that chooses among the candidates of a mention.
        nil: Of the model that decides whether the mention is a link.
    """

    ranking: Mapping[str, float]
    nil: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """The coefficients of all passes.

    Attributes:
        local: Of the first pass, which scores each mention independently.
        joint: Of the second pass, which adds the coherence with the other mentions.
        encoder: Of the third pass, which adds an encoder's similarity; None if it was not fitted.
        threshold: The smallest p at which a mention is linked.
        convention: The annotation convention of the documents that they were fitted on.
    """

    local: Pass
    joint: Pass
    encoder: Pass | None
    threshold: float
    convention: Convention = field(default_factory=Convention)

    @classmethod
    @cache
    def default(cls, policy: Policy = Policy.NAMES) -> Weights:
        """The built-in weights of a policy; ``benchmarks/linking.py learn`` fits them."""
        return cls.load(FOLDER / f"{policy}.json")

    @classmethod
    def load(cls, path: str | Path) -> Weights:
        """Read a JSON file.

        Raises:
            LinkingError: The file cannot be read, or has no weights of this version.
        """
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
            if data["version"] != VERSION:
                raise ValueError("another version")
            convention = Convention(**data["convention"])
            if not all(isinstance(value, bool) for value in asdict(convention).values()):
                raise ValueError("a part of the convention is neither true nor false")
            return cls(
                local=_read_pass(data["local"]),
                joint=_read_pass(data["joint"]),
                encoder=None if data["encoder"] is None else _read_pass(data["encoder"]),
                threshold=_finite(data["threshold"]),
                convention=convention,
            )
        except (
            OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError
        ) as error:  # fmt: skip
            raise LinkingError(
                f"{path}: no linking weights of this version ({error});"
                " learn them by Linker.fit and save them"
            ) from error

    def save(self, path: str | Path) -> None:
        """Write a JSON file."""
        data: dict[str, object] = {
            "version": VERSION,
            "threshold": round(self.threshold, 4),
            "convention": asdict(self.convention),
        }
        for name in PASSES:
            chosen: Pass | None = getattr(self, name)
            data[name] = chosen and {
                part: {key: round(float(value), 4) for key, value in weights.items()}
                for part, weights in zip(STORED_NAMES, (chosen.ranking, chosen.nil), strict=True)
            }
        write_text(Path(path), json.dumps(data, indent=1) + "\n")


def _read_pass(data: Mapping[str, Mapping[str, float]]) -> Pass:
    ranking, nil = (
        {name: _finite(weight) for name, weight in data[part].items()} for part in STORED_NAMES
    )
    return Pass(ranking, nil)


def _finite(number: float) -> float:
    if not isfinite(number):
        raise ValueError(f"{number} is not a finite number")
    return float(number)


def scores(
    columns: Mapping[str, Floats], weights: Mapping[str, float], first: Ints, of: Ints
) -> Floats:
    """The scores of the ranking, shape (C,): log s(c | m) plus weighted features of the context.

    Args:
        columns: Features by name, each of shape (C,), and the counts of :data:`LINKS`.
        weights: Coefficients by feature.
        first: The index of the first candidate of each mention, and C at the end, shape (M + 1,).
        of: The index of each candidate's mention, shape (C,).
    """
    name = _weigh(columns, {key: w for key, w in weights.items() if key not in CONTEXT})
    context = _weigh(columns, {key: w for key, w in weights.items() if key in CONTEXT})
    counts = columns.get(LINKS)
    if counts is None or not counts.any():
        return name + context
    return context + log_shares(softmax(name, first, of), counts, first, of)


def log_shares(base: Floats, counts: Floats, first: Ints, of: Ints) -> Floats:
    """log((n(c) + S·b(c)) / (n + S)), shape (C,): the logarithms of the posterior means.

    The Dirichlet prior has the mean ``base``, which is b, and the weight S.
    """
    total = np.add.reduceat(counts, first[:-1])[of] if len(of) else counts
    return np.log(np.maximum(counts + SMOOTHING * base, 1e-300)) - np.log(total + SMOOTHING)


def _weigh(columns: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    """Σ wᵢ·fᵢ of each row; features without a coefficient are ignored."""
    size = len(next(iter(columns.values())))
    total = np.zeros(size)
    for name, weight in weights.items():
        if name in columns:
            total += weight * columns[name]
    return total


def sigmoid(log_odds: Floats) -> Floats:
    """The probabilities of log-odds, without overflow."""
    return np.exp(-np.logaddexp(0.0, -log_odds))


def probabilities(columns: Mapping[str, Floats], weights: Pass, first: Ints, of: Ints) -> Floats:
    """The probabilities p(c | m) of candidates, shape (C,).

    Args:
        columns: Features by name, each of shape (C,).
        weights: The coefficients of the pass.
        first: The index of the first candidate of each mention, and C at the end, shape (M + 1,).
        of: The index of each candidate's mention, shape (C,).
    """
    p_if_linked = softmax(scores(columns, weights.ranking, first, of), first, of)
    best_M = best(p_if_linked, first, of)
    features_of_best = {name: values[best_M] for name, values in columns.items()}
    features_of_best[SURE] = np.log(np.maximum(p_if_linked[best_M], 1e-300))
    return p_if_linked * sigmoid(_weigh(features_of_best, weights.nil))[of]


def softmax(score: Floats, first: Ints, of: Ints) -> Floats:
    """The softmax over the candidates of each mention, shape (C,)."""
    exp = np.exp(score - np.maximum.reduceat(score, first[:-1])[of])
    return exp / np.add.reduceat(exp, first[:-1])[of]


def best(values: Floats, first: Ints, of: Ints) -> Ints:
    """The index of each mention's candidate with the highest value, shape (M,); ties: the first."""
    order = np.lexsort((-values, of))
    return order[first[:-1]]
