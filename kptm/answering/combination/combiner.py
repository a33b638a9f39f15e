"""Combines the sources: pools link prediction, model and texts, then adds neighbours.

    pool(c) ∝ exp Σ_s w_{s,r} · log p̃_s(c),    p̃_s(c) = (1 − ε)·p_s(c) + ε/N
    p(c)    = λ·near(c) + (1 − λ)·pool(c)

The first line is a logarithmic opinion pool (Genest & Zidek 1986) whose weights depend on the
relation and its direction r. They are fitted as a conditional logit, by maximum likelihood on
held-out answers with normal priors and no negative weights. The prior of w_{s,r} has the mean w_s,
so that a relation with few questions gets the general weights; the prior of w_s has the mean 1/S.
The second line is Khandelwal et al. 2020, equation 3.

Shapes: Q questions, S sources, N candidates.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from kptm.answering.sources.source import LINKS, MODEL, STORE, TEXTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from kptm.answering.sources.source import SourceScores

    Floats = NDArray[np.float64]

POOLED = (LINKS, MODEL, TEXTS)
"""The sources in the pool, in the order of their weights."""
SMOOTHING = 1e-3
"""ε smooths each p, because log 0 of one source would overrule all others."""
WEIGHT_PRECISION, RELATION_PRECISION = 1.0, 4.0
"""Precisions of the normal priors of w_s and w_{s,r}.

Half of this times the squared deviation is added to the loss.
"""
MAX_FITTED_CANDIDATES = 256
"""The number of best candidates of each source on which the weights are fitted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLinearPool:
    """The weights of the pool.

    Attributes:
        weights: w_s by source; empty before the fit, when all sources with scores have equal
            weights.
        relations: w_{s,r} by relation, as :func:`relation_name` writes it, and source.
    """

    weights: dict[str, float] = field(default_factory=dict)
    relations: dict[str, dict[str, float]] = field(default_factory=dict)

    def pool(self, opinions: Sequence[SourceScores], relation: str) -> Floats | None:
        """The pool of the sources, shape (N,); None if no source has scores."""
        spoken = [item for item in opinions if item.kind in POOLED]
        if not spoken:
            return None
        fitted = self.relations.get(relation, self.weights)
        weights = [fitted.get(item.kind, 1 / len(spoken)) for item in spoken]
        if not any(weights):  # using sources of weight 0 is better than giving no answer
            weights = [1 / len(spoken)] * len(spoken)
        score = np.zeros(len(spoken[0].p))
        for item, weight in zip(spoken, weights, strict=True):
            score += weight * log_smoothed(item.p)
        p = np.exp(score - score.max())
        # An entity to which every source gives p = 0 is not a candidate.
        p[np.sum([item.p for item in spoken], axis=0) == 0] = 0.0
        return np.asarray(p / p.sum(), np.float64)

    def combine_scores(self, opinions: Sequence[SourceScores], relation: str) -> Floats | None:
        """The combined p of all sources, shape (N,); None if no source has scores."""
        pooled = self.pool(opinions, relation)
        near = next((item for item in opinions if item.kind == STORE), None)
        if near is None or pooled is None:
            return pooled if near is None else near.p
        return near.weight * near.p + (1 - near.weight) * pooled

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> LogLinearPool:
        """Read the mapping that :func:`dataclasses.asdict` returned.

        Raises:
            ValueError: A weight is not a finite number.
        """
        relations = {str(key): _numbers(own) for key, own in value["relations"].items()}
        return cls(weights=_numbers(value["weights"]), relations=relations)


def _numbers(value: Mapping[str, Any]) -> dict[str, float]:
    numbers = {str(key): float(number) for key, number in value.items()}
    if not np.isfinite(list(numbers.values())).all():
        raise ValueError("weights must be finite")
    return numbers


def relation_name(relation: str, forward: bool) -> str:
    """A relation with its direction; an inverse relation is written as in SPARQL, "^capital"."""
    return relation if forward else f"^{relation}"


def log_smoothed(p: Floats) -> Floats:
    """The logarithm of the smoothed p̃, shape (N,)."""
    return np.asarray(np.log((1 - SMOOTHING) * p + SMOOTHING / len(p)), np.float64)


@dataclass(frozen=True, slots=True)
class PoolExample:
    """A held-out question: the features of its candidates, and which candidates are right.

    Attributes:
        relation: The relation with its direction, as :func:`relation_name` writes it.
        features: log p̃ of each source, shape (S, N); 0 for a source without scores.
        right: The positions of the right candidates, at least one.
    """

    relation: str
    features: Floats
    right: tuple[int, ...]


def example(
    opinions: Sequence[SourceScores], relation: str, right: Sequence[int]
) -> PoolExample | None:
    """The training example for a question; None if no source knows a right candidate."""
    scores = {item.kind: item.p for item in opinions if item.kind in POOLED}
    known = [at for at in right if any(p[at] > 0 for p in scores.values())]
    if not known:
        return None
    # Candidates with low scores hardly change the weights, and a relation may have 100,000 of them.
    best = [np.argsort(-p, kind="stable")[:MAX_FITTED_CANDIDATES] for p in scores.values()]
    chosen = np.unique(np.concatenate([*best, known]))
    chosen = chosen[np.sum([p[chosen] for p in scores.values()], axis=0) > 0]
    nothing = np.zeros(len(chosen))
    rows = [log_smoothed(scores[kind])[chosen] if kind in scores else nothing for kind in POOLED]
    return PoolExample(relation, np.stack(rows), tuple(np.searchsorted(chosen, known).tolist()))


def fit(examples: Sequence[PoolExample]) -> LogLinearPool:
    """The weights with the largest penalised likelihood; the defaults without examples.

    A source gets weight 0 if dropping it lowers the log-likelihood by at most ½·log of the number
    of answers (Schwarz 1978).
    """
    if not examples:
        return LogLinearPool()
    names = sorted({item.relation for item in examples})
    used = [
        at for at in range(len(POOLED)) if any(example.features[at].any() for example in examples)
    ]
    loss, table = _fit_weights(examples, names, used)
    price = 0.5 * np.log(max(2, len(examples)))
    sources = used
    while len(sources) > 1:
        without = [[at for at in sources if at != left] for left in sources]
        fits = [_fit_weights(examples, names, some) for some in without]
        best = min(range(len(fits)), key=lambda at: fits[at][0])
        if fits[best][0] - loss > price:
            break
        sources, (loss, table) = without[best], fits[best]
    rows = [{POOLED[at]: float(row[at]) for at in used} for row in table]
    return LogLinearPool(weights=rows[0], relations=dict(zip(names, rows[1:], strict=True)))


def _fit_weights(
    examples: Sequence[PoolExample], names: Sequence[str], sources: Sequence[int]
) -> tuple[float, Floats]:
    """The least loss and its weights, shape (1 + R, S): row 0 is w_s, row r is w_{s,r}."""
    from scipy.optimize import minimize

    size = 1 + len(names)
    number = {name: at for at, name in enumerate(names, 1)}
    start_S = np.zeros(len(POOLED))
    start_S[list(sources)] = 1 / max(1, len(sources))
    precision = np.full((size, 1), RELATION_PRECISION)
    precision[0] = WEIGHT_PRECISION

    def loss(flat: Floats) -> tuple[float, Floats]:
        """The penalised negative log-likelihood and its gradient, at the flattened weights."""
        table = flat.reshape(size, len(POOLED))
        # Row 0 has the general weights; its prior mean is the start. Row 0 itself is the prior mean
        # of the other rows.
        off = table - np.concatenate([start_S[None], np.repeat(table[:1], len(names), 0)])
        gradient = precision * off
        gradient[0] -= gradient[1:].sum(0)
        lost = float((precision * off**2).sum()) / 2
        for item in examples:
            at = number[item.relation]
            score_N = table[at] @ item.features
            # log Σ exp without overflow: the largest score is subtracted.
            top = score_N.max()
            p_N = np.exp(score_N - top)
            total = p_N.sum()
            right = list(item.right)
            lost += float(top + np.log(total) - score_N[right].mean())
            gradient[at] += item.features @ (p_N / total) - item.features[:, right].mean(1)
        return lost, gradient.ravel()

    bounds = [(0.0, None if at in sources else 0.0) for at in range(len(POOLED))] * size
    start = np.tile(start_S, size)
    minimum = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500}
    )
    return float(minimum.fun), minimum.x.reshape(size, len(POOLED))
