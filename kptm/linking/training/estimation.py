"""Fits coefficients by maximum likelihood, with a normal prior and bounds on their signs.

Disambiguation is a conditional logit over the candidates of a mention. Whether a mention is linked
at all is a logistic regression. In a collection that is not annotated completely, an unannotated
mention may be a link that the annotators left out. The propensity to annotate a link is estimated
jointly (Bekker, Robberechts and Davis 2019, *Beyond the selected completely at random assumption
for learning from positive and unlabeled data*, ECML PKDD):

    p(annotated | mention) = p(link | mention) · p(annotated | link, kind of mention, collection)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kptm.linking.disambiguation.candidate_features import COUNTED, EVIDENCE
from kptm.linking.disambiguation.coherence import COHERENCE
from kptm.linking.disambiguation.description_encoder import SIMILARITY, SIMILARITY_OF_PART
from kptm.linking.disambiguation.disambiguation_model import (
    CONTEXT,
    LINKS,
    SMOOTHING,
    SURE,
    best,
    log_shares,
    scores,
    sigmoid,
    softmax,
)  # fmt: skip
from kptm.linking.disambiguation.kind_context import KIND_CONTEXT
from kptm.linking.disambiguation.word_similarity import ALIKE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from kptm.linking.training.labelled_document import LabelledDocument

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]
    Loss = Callable[[Floats], tuple[float, Floats]]

PRECISION_RANKING, PRECISION_NIL, PRECISION_PROPENSITY = 15.0, 30.0, 3.0
"""Precisions of the normal prior, for features of standard deviation 1.

A precision times Σ (w − mean)²/2 is added to the negative log-likelihood.
"""
MIN_DEVIATION = 0.5
"""The least divisor of the features in ``KIND_CONTEXT`` when they are standardised."""
EXPECTED = {EVIDENCE: 1.0, COUNTED: 1.0}
"""Means of the normal prior; 0 for all others.

Bayes' rule adds observed log-odds unchanged, so their coefficient is 1 unless gold documents show
otherwise. They can show it only with counts, which most graphs do not have.
"""
NOT_NEGATIVE = frozenset(
    {
        "prior", EVIDENCE, COUNTED, SURE, "degree", "part, degree", "whole name, degree",
        "description", "description, words", "neighbours named", "said in full",
        "part, said in full", "last name, said in full", "written so", "only candidate",
        "only whole name", *COHERENCE, *SIMILARITY, SIMILARITY_OF_PART, *ALIKE,
    }
)  # fmt: skip
"""Features with coefficients of at least 0: more evidence never makes an entity less probable."""
PROPENSITY = (
    "bias", "small letters", "person", "work", "place", "organisation", "no known kind", "part",
    "people of", "only candidate",
)  # fmt: skip
"""The features that predict whether the annotators of a collection annotate a link."""
PROPENSITY_BIAS_MEAN = 2.0
"""The prior mean of the propensity's bias: most links are annotated."""


def fit_disambiguation(
    examples: Sequence[LabelledDocument], names: Sequence[str]
) -> dict[str, float]:
    """Fit the ranking on mentions with several candidates, one of which is correct."""
    rows, sizes, right, links = [np.empty((0, len(names)))], [0], [], [np.empty(0)]
    weight = [np.empty(0)]
    for example in examples:
        candidates = example.scored.candidates
        several = (example.right >= 0) & (np.diff(candidates.first) > 1)
        rows.append(_matrix(example.scored.columns, names, several[candidates.of]))
        links.append(example.scored.columns[LINKS][several[candidates.of]])
        right.extend((example.right - candidates.first[:-1])[several].tolist())
        sizes.extend(np.diff(candidates.first)[several].tolist())
        weight.append(np.full(int(several.sum()), example.weight))
    first = np.cumsum(sizes)
    if not right:
        return {name: EXPECTED.get(name, 0.0) for name in names}
    # The row in the matrix of each mention's correct candidate.
    answer = first[:-1] + np.array(right)
    matrix, scale = _standardise(np.concatenate(rows), names)
    counts = np.concatenate(links)
    of = np.repeat(np.arange(len(first) - 1), np.diff(first))
    weights_of = np.concatenate(weight)
    total = weights_of.sum()
    penalty = PRECISION_RANKING / total
    expected = _prior_means(names, scale)
    context = np.array([name in CONTEXT for name in names])

    def loss(weights: Floats) -> tuple[float, Floats]:
        base = softmax(matrix[:, ~context] @ weights[~context], first, of)
        score = matrix[:, context] @ weights[context] + log_shares(base, counts, first, of)
        p = softmax(score, first, of)
        residual = -p
        residual[answer] += 1
        residual *= weights_of[of]
        # ∂ log((links + S·base) / (total + S)) / ∂ log base, which is 1 for a candidate without
        # counts.
        slope = SMOOTHING * base / (counts + SMOOTHING * base)
        through = slope * residual
        through = through - base * np.add.reduceat(through, first[:-1])[of]
        gradient = np.empty(len(names))
        gradient[context] = residual @ matrix[:, context]
        gradient[~context] = through @ matrix[:, ~context]
        away = weights - expected
        return (
            float(-(weights_of @ np.log(p[answer] + 1e-12)) / total + penalty / 2 * away @ away),
            -gradient / total + penalty * away,
        )

    minimum = _minimise(loss, np.zeros(len(names)), [_weight_bounds(name) for name in names])
    return dict(zip(names, (minimum / scale).tolist(), strict=True))


class _Mentions(NamedTuple):
    """N mentions, each represented by its best candidate.

    Attributes:
        rows: (N, features).
        propensity: (N, :data:`PROPENSITY`).
        linked: N, whether the mention is annotated as a link to one of its candidates.
        certain: N, whether a mention without a gold link is known not to be a link.
        collection: N, the index of the incomplete collection, -1 for complete collections.
        weight: N, the weight of the mention.
    """

    rows: Floats
    propensity: Floats
    linked: Bools
    certain: Bools
    collection: Ints
    weight: Floats


def fit_nil(
    collections: Sequence[Sequence[LabelledDocument]],
    names: Sequence[str],
    ranking: dict[str, float],
) -> dict[str, float]:
    """Fit NIL prediction on all mentions, with the features of the best candidate.

    Args:
        collections: Examples by collection; each incomplete collection has its own propensity.
        names: The features.
        ranking: The coefficients of the ranking.
    """
    mentions = _mentions(collections, names, ranking)
    names = [*names, SURE]
    matrix, scale = _standardise(mentions.rows, names)
    n_collections = int(mentions.collection.max(initial=-1)) + 1
    width, size = len(names), len(PROPENSITY)
    groups = [
        np.flatnonzero(mentions.collection == collection) for collection in range(n_collections)
    ]
    total = mentions.weight.sum()
    expected = np.concatenate(
        [
            _prior_means(names, scale),
            np.tile([PROPENSITY_BIAS_MEAN] + [0.0] * (size - 1), n_collections),
        ]
    )
    precision = (
        np.repeat([PRECISION_NIL, PRECISION_PROPENSITY], [width, n_collections * size]) / total
    )
    unlabelled = ~mentions.linked & ~mentions.certain

    def loss(weights: Floats) -> tuple[float, Floats]:
        p = sigmoid(matrix @ weights[:width])
        seen = np.ones(len(p))
        for collection, group in enumerate(groups):
            coefficients = weights[width + collection * size : width + (collection + 1) * size]
            seen[group] = sigmoid(mentions.propensity[group] @ coefficients)
        # p that a mention is a link and annotated: an incomplete collection leaves out links.
        both = p * seen
        likelihood = np.where(mentions.linked, both, 1 - np.where(unlabelled, both, p))
        rest = np.maximum(1 - both, 1e-12)
        # Derivatives of the log-likelihood with respect to the log-odds of p and of ``seen``.
        by_score = np.where(unlabelled, -both * (1 - p) / rest, mentions.linked - p)
        by_seen = np.where(unlabelled, -both * (1 - seen) / rest, mentions.linked * (1 - seen))
        gradient = np.empty(len(weights))
        gradient[:width] = (mentions.weight * by_score) @ matrix
        for collection, group in enumerate(groups):
            gradient[width + collection * size : width + (collection + 1) * size] = (
                mentions.weight[group] * by_seen[group]
            ) @ mentions.propensity[group]
        # The prior shrinks towards the expected coefficients, not towards 0.
        deviation = weights - expected
        lost = mentions.weight @ np.log(np.maximum(likelihood, 1e-12)) / total
        value = float(-lost + precision @ deviation**2 / 2)
        return value, -gradient / total + precision * deviation

    start = np.concatenate([np.zeros(width), expected[width:]])
    bounds = [*map(_weight_bounds, names), *[(None, None)] * (n_collections * size)]
    minimum = _minimise(loss, start, bounds)[:width]
    return dict(zip(names, (minimum / scale).tolist(), strict=True))


def _mentions(
    collections: Sequence[Sequence[LabelledDocument]],
    names: Sequence[str],
    ranking: dict[str, float],
) -> _Mentions:
    columns: list[list[NDArray[Any]]] = [[] for _ in _Mentions._fields]
    incomplete = 0
    for examples in collections:
        complete = all(example.complete for example in examples)
        for example in examples:
            values, candidates = example.scored.columns, example.scored.candidates
            among = softmax(
                scores(values, ranking, candidates.first, candidates.of),
                candidates.first,
                candidates.of,
            )
            chosen = best(among, candidates.first, candidates.of)[example.counts]
            size = len(chosen)
            rows = (
                np.column_stack((_matrix(values, names, chosen), np.log(among[chosen]))),
                _matrix(values, PROPENSITY, chosen),
                (example.right >= 0)[example.counts],
                example.certain[example.counts],
                np.full(size, -1 if complete else incomplete),
                np.full(size, example.weight),
            )
            for column, row in zip(columns, rows, strict=True):
                column.append(row)
        incomplete += not complete
    return _Mentions(*(np.concatenate(column) for column in columns))


def _prior_means(names: Sequence[str], scale: Floats) -> Floats:
    """The prior means of coefficients of features that were divided by ``scale``."""
    return np.array([EXPECTED.get(name, 0.0) for name in names]) * scale


def _matrix(columns: dict[str, Floats], names: Sequence[str], rows: NDArray[Any]) -> Floats:
    return np.stack([columns[name][rows].astype(np.float64) for name in names], axis=1)


def _standardise(rows: Floats, names: Sequence[str]) -> tuple[Floats, Floats]:
    """Columns divided by their standard deviations, and the divisors.

    The features in :data:`EXPECTED` are log-odds and are not rescaled.
    """
    scale = rows.std(axis=0)
    # A constant feature is divided by 1, not by 0.
    scale[scale == 0] = 1.0
    scale[[name in EXPECTED for name in names]] = 1.0
    # After division by a small deviation, the prior would hardly shrink a rare product's effect.
    rare = np.array([name in KIND_CONTEXT for name in names], np.bool_)
    scale[rare] = np.maximum(scale[rare], MIN_DEVIATION)
    return rows / scale, scale


def _weight_bounds(name: str) -> tuple[float | None, None]:
    return (0.0 if name in NOT_NEGATIVE else None, None)


def _minimise(loss: Loss, start: Floats, bounds: list[tuple[float | None, None]]) -> Floats:
    from scipy.optimize import minimize

    result = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500}
    )
    return np.asarray(result.x, np.float64)
