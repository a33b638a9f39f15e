"""The coefficients of disambiguation: which candidate, and whether any, each in two passes.

For mention m and candidate c, p(c | m) = p(link | m) · p(c | m, link):

    which      p(c | m, link) = softmax over c of log s(c | m) + Σ wᵢ·fᵢ(m, c)
               s(c | m)       = (n(c) + S·b(c)) / (n + S),  b(c) = softmax of Σ uᵢ·gᵢ(m, c)
    whether    p(link | m)    = σ(Σ vᵢ·fᵢ(m, best) + v·log p(best | m, link))

The features fᵢ are of the context, gᵢ of name and entity alone; "best" is the candidate that
"which" puts first. n(c) is how often the name was seen to mean c, n the sum of that, S a constant:
what is learnt of names in general is the Dirichlet prior of the shares that were counted. Without
counts this is the softmax of all features together.

Learnt apart, since graphs differ more in what they lack (whether) than in what tells namesakes
apart (which). The second pass has what the first believes of the other mentions among its features,
the third what an encoder says.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from functools import cache
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
"""Coefficients by policy, a file each."""
VERSION = 3
PASSES = "local", "joint", "encoder"
SURE = "sure of it"
"""The feature of "whether": log p(best | m, link)."""
LINKS = "links"
"""The column of how often the name meant each candidate: no feature, without a coefficient."""
SMOOTHING = 5.0
"""How many counted links what is learnt of names in general is worth."""
KINDS = "water", "settlement", "territory", "person", "organisation"
"""Kinds of things that differ in what stands beside their names."""
BESIDE = "after the", "near in", "after at", "after by", "a verb follows", "a noun follows"
"""What stands right beside a mention."""
KIND_BESIDE = tuple(f"{kind}, {where}" for kind in KINDS for where in BESIDE)
CONTEXT = frozenset(
    {
        "part, said in full", "last name, said in full", "said in full", "description",
        "description, words", "neighbours named", "people of, a small word follows",
        "people, a small word follows", "language, a small word follows", "people of, after the",
        "people, after the", "language, after in", "place, after in", "person, after a title",
        "person, after a given name", "fact", "shared neighbours", "again", "part, fact",
        "part, shared neighbours", "similarity", "behind the most similar", "words alike",
        "behind the most alike",
        "described beside", "person, pronoun", *KIND_BESIDE,
    }
)  # fmt: skip
"""Features of "which" about the text around the name; the others are of name and entity."""


@dataclass(frozen=True, slots=True)
class Pass:
    """Coefficients of one pass by the names of the features, in nats."""

    which: Mapping[str, float]
    whether: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Coefficients of all passes.

    Attributes:
        local: Of the first pass: each mention by itself.
        joint: Of the second: with what the first believes of the others.
        encoder: Of the third, with an encoder's similarity; None where none was learnt.
        threshold: The p from which on a mention is linked.
        convention: What a mention is where they were learnt.
    """

    local: Pass
    joint: Pass
    encoder: Pass | None
    threshold: float
    convention: Convention = field(default_factory=Convention)

    @classmethod
    @cache
    def default(cls, policy: Policy = Policy.NAMES) -> Weights:
        """The weights of the package, by policy; ``benchmarks/linking.py learn`` makes them."""
        return cls.load(FOLDER / f"{policy}.json")

    @classmethod
    def load(cls, path: str | Path) -> Weights:
        """Read a JSON file.

        Raises:
            LinkingError: It cannot be read or is none of ours.
        """
        try:
            found = json.loads(Path(path).read_text(encoding="utf-8"))
            if found["version"] != VERSION:
                raise ValueError("another version")
            passes = {name: found[name] and Pass(**found[name]) for name in PASSES}
            convention = Convention(**found["convention"])
            return cls(threshold=float(found["threshold"]), convention=convention, **passes)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise LinkingError(
                f"{path}: no linking weights of this version ({error});"
                " learn them by Linker.fit and save them"
            ) from error

    def save(self, path: str | Path) -> None:
        """Write a JSON file."""
        found: dict[str, object] = {
            "version": VERSION,
            "threshold": round(self.threshold, 4),
            "convention": asdict(self.convention),
        }
        for name in PASSES:
            chosen: Pass | None = getattr(self, name)
            found[name] = chosen and {
                part: {key: round(float(value), 4) for key, value in weights.items()}
                for part, weights in (("which", chosen.which), ("whether", chosen.whether))
            }
        write_text(Path(path), json.dumps(found, indent=1) + "\n")


def scores(
    columns: Mapping[str, Floats], weights: Mapping[str, float], first: Ints, of: Ints
) -> Floats:
    """The scores of "which": the log of the name's expected share, plus what the context adds.

    Args:
        columns: C features each, and the counts of :data:`LINKS`.
        weights: Of the features.
        first: M + 1, where the candidates of each mention begin.
        of: C, the mention of each.
    """
    name = _weigh(columns, {key: w for key, w in weights.items() if key not in CONTEXT})
    context = _weigh(columns, {key: w for key, w in weights.items() if key in CONTEXT})
    counts = columns.get(LINKS)
    if counts is None or not counts.any():
        return name + context
    return context + log_shares(softmax(name, first, of), counts, first, of)


def log_shares(base: Floats, counts: Floats, first: Ints, of: Ints) -> Floats:
    """log((n(c) + S·b(c)) / (n + S)), the posterior means.

    The Dirichlet prior around ``base`` has weight S.
    """
    total = np.add.reduceat(counts, first[:-1])[of] if len(of) else counts
    return np.log(np.maximum(counts + SMOOTHING * base, 1e-300)) - np.log(total + SMOOTHING)


def _weigh(columns: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    """Σ wᵢ·fᵢ of each row; a feature without a weight counts nothing."""
    size = len(next(iter(columns.values())))
    total = np.zeros(size)
    for name, weight in weights.items():
        if name in columns:
            total += weight * columns[name]
    return total


def log_odds(score: Floats) -> Floats:
    """The probabilities of log-odds, without overflow."""
    return np.exp(-np.logaddexp(0.0, -score))


def beliefs(columns: Mapping[str, Floats], weights: Pass, first: Ints, of: Ints) -> Floats:
    """The p of each candidate.

    Args:
        columns: C features each.
        weights: Of the pass.
        first: M + 1, where the candidates of each mention begin.
        of: C, the mention of each.
    """
    among = softmax(scores(columns, weights.which, first, of), first, of)
    chosen = best(among, first, of)
    asked = {name: values[chosen] for name, values in columns.items()}
    asked[SURE] = np.log(np.maximum(among[chosen], 1e-300))
    return among * log_odds(_weigh(asked, weights.whether))[of]


def softmax(score: Floats, first: Ints, of: Ints) -> Floats:
    """Over the candidates of each mention."""
    exp = np.exp(score - np.maximum.reduceat(score, first[:-1])[of])
    return exp / np.add.reduceat(exp, first[:-1])[of]


def best(values: Floats, first: Ints, of: Ints) -> Ints:
    """The candidate of the highest value of each mention, the first of equals."""
    order = np.lexsort((-values, of))
    return order[first[:-1]]
