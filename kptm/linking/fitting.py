"""Learning the coefficients from gold documents: maximum likelihood with a penalty, pass by pass."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kptm.errors import LinkingError
from kptm.linking.coherence import COHERENCE
from kptm.linking.encoding import SIMILARITY, SIMILARITY_OF_PART
from kptm.linking.features import COUNTED, EVIDENCE, WHICH
from kptm.linking.judging import judge
from kptm.linking.passages import Passages
from kptm.linking.weights import SURE, Pass, Weights, beliefs, best, scores, softmax

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from kptm.linking.document import LinkedText
    from kptm.linking.judging import Judged, Similarity
    from kptm.linking.layers import Layers

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Loss = Callable[[Floats], tuple[float, Floats]]

PRECISION_WHICH, PRECISION_WHETHER = 5.0, 30.0
"""Of the normal prior of the coefficients, for features of standard deviation 1: Σ w²/2 times this is what is lost."""
EXPECTED = {EVIDENCE: 1.0, COUNTED: 1.0}
"""Means of the normal prior; 0 for all others. Bayes' rule adds observed log-odds as they are, so a coefficient is 1 unless
gold documents say otherwise: most graphs come without counts, from which nothing can be learnt of them."""
NOT_NEGATIVE = frozenset({"prior", EVIDENCE, COUNTED})
"""What was observed more often is never less probable for it."""
THRESHOLDS = np.arange(0.1, 0.7, 0.05)
_NOTHING = Weights(local=Pass({}, {}), joint=Pass({}, {}), encoder=None, threshold=0.5)


class Gold(NamedTuple):
    """Gold documents of one graph.

    Attributes:
        layers: What is known of the graph.
        documents: Texts with all links that they have to it.
        within: The span of each that was looked at, None for all of it.
        similarity: The features of an encoder, if there is one.
    """

    layers: Layers
    documents: Sequence[LinkedText]
    within: Sequence[tuple[int, int]] | None = None
    similarity: Similarity | None = None


class Example(NamedTuple):
    """A judged document with what is right.

    Attributes:
        judged: Its candidates.
        right: M, the candidate that is right, -1 for none.
        counts: M, whether the mention stands in the span that was looked at.
        gold: How many links the document has there.
    """

    judged: Judged
    right: Ints
    counts: NDArray[np.bool_]
    gold: int


def fit(gold: Iterable[Gold]) -> Weights:
    """Learn all passes, then the threshold.

    The threshold is half of the best F1 that the documents allow, which maximises F1 where p is calibrated (Lipton,
    Elkan and Naryanaswamy 2014, *Optimal thresholding of classifiers to maximize F1 measure*).

    Raises:
        LinkingError: There is no mention to learn from.
    """
    sets = list(gold)
    weights = _NOTHING
    steps = ["local", "joint"]
    if all(item.similarity is not None for item in sets):
        steps.append("encoder")
    for step in steps:
        if step == "encoder":
            weights = replace(weights, encoder=Pass({}, {}))
        known = [example for item in sets for example in examples(item, weights)]
        passes = {"local": weights.local, "joint": weights.joint, "encoder": weights.encoder}
        passes[step] = _learnt(known, step)
        weights = Weights(**passes, threshold=weights.threshold)  # type: ignore[arg-type]  # by their names
    return replace(weights, threshold=_threshold(known, weights.encoder or weights.joint))


def examples(gold: Gold, weights: Weights) -> Iterator[Example]:
    """Judge gold documents by ``weights`` and find what was right."""
    for number, document in enumerate(gold.documents):
        begin, stop = (0, len(document.text)) if gold.within is None else gold.within[number]
        links = {
            (link.start, link.end): link.entity
            for link in document.links
            if begin <= link.start and link.end <= stop
        }
        passages = Passages([document.text])
        judged = judge(passages, gold.layers, weights, gold.similarity)
        found = judged.found
        right = np.full(len(found.first) - 1, -1, np.int64)
        counts = np.zeros(len(right), np.bool_)
        for mention in range(len(right)):
            _, *span = passages.text_span(
                int(found.mentions.start[mention]), int(found.mentions.end[mention])
            )
            counts[mention] = begin <= span[0] and span[1] <= stop
            if counts[mention] and tuple(span) in links:
                first, last = int(found.first[mention]), int(found.first[mention + 1])
                keys = gold.layers.keys(found.entity[first:last].tolist())
                if links[span[0], span[1]] in keys:
                    right[mention] = first + keys.index(links[span[0], span[1]])
        yield Example(judged, right, counts, len(links))


def _learnt(known: Sequence[Example], step: str) -> Pass:
    some = [example for example in known if example.judged.columns]
    if not any((example.right >= 0).any() for example in some):
        raise LinkingError(
            "no gold link of the documents is a name that the graph knows; nothing to learn"
        )
    later = {"local": (), "joint": COHERENCE, "encoder": COHERENCE}[step]
    tells_apart = (*later, *SIMILARITY) if step == "encoder" else later
    tells_whether = (*later, SIMILARITY_OF_PART) if step == "encoder" else later
    apart = {"prior", EVIDENCE, *COHERENCE, *SIMILARITY, SIMILARITY_OF_PART}
    base = [name for name in some[0].judged.columns if name not in apart]
    which = _which(some, [*WHICH, *tells_apart])
    return Pass(which, _whether(some, [*base, *tells_whether], which))


def _which(known: Sequence[Example], names: Sequence[str]) -> dict[str, float]:
    """From mentions whose right candidate is one of several."""
    rows, sizes, right = [np.empty((0, len(names)))], [0], []
    for example in known:
        found = example.judged.found
        several = (example.right >= 0) & (np.diff(found.first) > 1)
        matrix = _matrix(example.judged.columns, names, several[found.of])
        right.extend((example.right - found.first[:-1])[several].tolist())
        rows.append(matrix)
        sizes.extend(np.diff(found.first)[several].tolist())
    first = np.cumsum(sizes)
    if not right:
        return {name: EXPECTED.get(name, 0.0) for name in names}
    answer = first[:-1] + np.array(right)
    matrix, scale = _standardised(np.concatenate(rows), names)
    of = np.repeat(np.arange(len(first) - 1), np.diff(first))
    penalty = PRECISION_WHICH / len(answer)
    expected = _expected(names, scale)

    def loss(weights: Floats) -> tuple[float, Floats]:
        p = softmax(matrix @ weights, first, of)
        residual = -p
        residual[answer] += 1
        return (
            float(-np.log(p[answer] + 1e-12).mean() + _penalty(weights - expected, penalty)),
            -matrix.T @ residual / len(answer) + penalty * (weights - expected),
        )

    return _minimised(loss, names, scale)


def _whether(
    known: Sequence[Example], names: Sequence[str], which: dict[str, float]
) -> dict[str, float]:
    """From all mentions, by their best candidate."""
    rows, linked = [], []
    for example in known:
        columns, found = example.judged.columns, example.judged.found
        among = softmax(scores(columns, which), found.first, found.of)
        chosen = best(among, found.first, found.of)[example.counts]
        matrix = _matrix(columns, names, chosen)
        rows.append(np.column_stack((matrix, np.log(among[chosen]))))
        linked.append((example.right >= 0)[example.counts])
    matrix, scale = _standardised(np.concatenate(rows), [*names, SURE])
    answer = np.concatenate(linked).astype(np.float64)
    penalty = PRECISION_WHETHER / len(answer)
    expected = _expected([*names, SURE], scale)

    def loss(weights: Floats) -> tuple[float, Floats]:
        score = matrix @ weights
        p = 1 / (1 + np.exp(-score))
        return (
            float(
                (np.logaddexp(0, score) - answer * score).mean()
                + _penalty(weights - expected, penalty)
            ),
            matrix.T @ (p - answer) / len(answer) + penalty * (weights - expected),
        )

    return _minimised(loss, [*names, SURE], scale)


def _expected(names: Sequence[str], scale: Floats) -> Floats:
    """The means of the coefficients' prior, of features that were divided by ``scale``."""
    return np.array([EXPECTED.get(name, 0.0) for name in names]) * scale


def _penalty(away: Floats, precision: float) -> float:
    return float(precision / 2 * away @ away)


def _matrix(columns: dict[str, Floats], names: Sequence[str], rows: NDArray[Any]) -> Floats:
    return np.stack([columns[name][rows] for name in names], axis=1)


def _standardised(rows: Floats, names: Sequence[str]) -> tuple[Floats, Floats]:
    """Columns of standard deviation 1, and what they were divided by; log-odds keep their unit, in which 1 is expected."""
    scale = rows.std(axis=0)
    scale[scale == 0] = 1.0
    scale[[name in EXPECTED for name in names]] = 1.0
    return rows / scale, scale


def _minimised(loss: Loss, names: Sequence[str], scale: Floats) -> dict[str, float]:
    from scipy.optimize import minimize

    bounds = [(0.0 if name in NOT_NEGATIVE else None, None) for name in names]
    found = minimize(
        loss,
        np.zeros(len(names)),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 500},
    )
    return dict(zip(names, (found.x / scale).tolist(), strict=True))


def _threshold(known: Sequence[Example], weights: Pass) -> float:
    """Half of the best F1 of any threshold."""
    top_score = 0.0
    judged = []
    for example in known:
        found = example.judged.found
        if example.judged.columns:
            belief = beliefs(example.judged.columns, weights, found.first, found.of)
            chosen = best(belief, found.first, found.of)
            judged.append((belief[chosen], chosen == example.right, example.counts))
    gold = sum(example.gold for example in known)
    for threshold in THRESHOLDS:
        linked = [counts & (belief >= threshold) for belief, _, counts in judged]
        given = sum(int(item.sum()) for item in linked)
        right = sum(
            int((item & is_right).sum())
            for item, (_, is_right, _) in zip(linked, judged, strict=True)
        )
        top_score = max(top_score, 2 * right / max(gold + given, 1))
    return top_score / 2
