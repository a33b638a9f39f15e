"""Which candidate a mention means: a log-linear model over what the graph knows.

For mention m and candidate c, score(c) = Σ wᵢ·fᵢ(m, c), p = softmax over the candidates and NIL. The
features are few and each is a question a person would ask.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from kg.types import Candidate
    from kptm.linking.context import EntityContext


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The coefficients, in nats.

    Attributes:
        prior: Of log p(entity | surface form).
        description: Of each word that description or types share with the text, saturating.
        near: Of each word that the neighbourhood's labels and relations share with the text.
        edge: Of being one hop from another candidate of the document, by its share of p.
        shared: Of sharing a neighbour with another candidate, by its share of p.
        inside: Of a one-word mention that goes on as a longer capitalised name ("Paris Hilton").
        nil: Of meaning nothing in the graph.
    """

    prior: float = 0.7
    description: float = 1.2
    near: float = 0.5
    edge: float = 2.0
    shared: float = 0.7
    inside: float = -4.0
    nil: float = -2.5


@dataclass(slots=True)
class Choice:
    """A mention under decision.

    Attributes:
        prior: The candidates with p(entity | surface form).
        inside: Whether the mention goes on as a longer capitalised name.
        scores: The context score of each candidate.
        p: The present belief, one number a candidate, the rest being NIL.
    """

    prior: tuple[Candidate, ...]
    inside: bool
    scores: list[float]
    p: list[float]


def _saturating(count: int) -> float:
    return math.log1p(count)


def _beliefs(scores: Sequence[float], nil: float) -> list[float]:
    top = max([*scores, nil])
    exps = [math.exp(score - top) for score in scores]
    total = sum(exps) + math.exp(nil - top)
    return [value / total for value in exps]


def disambiguate(
    choices: list[Choice], text_words: AbstractSet[str], context: EntityContext, weights: Weights
) -> None:
    """Set ``p`` of every choice: first each by itself, then once more in the others' light."""
    for choice in choices:
        choice.scores = [
            weights.prior * math.log(candidate.prior)
            + weights.description * _saturating(len(context.words(candidate.entity) & text_words))
            + weights.near * _saturating(len(context.near_words(candidate.entity) & text_words))
            + (weights.inside if choice.inside else 0.0)
            for candidate in choice.prior
        ]
        choice.p = _beliefs(choice.scores, weights.nil)
    believed: dict[str, float] = {}
    for choice in choices:
        for candidate, p in zip(choice.prior, choice.p, strict=True):
            believed[candidate.entity] = max(p, believed.get(candidate.entity, 0.0))
    support = _shared_support(believed, context)
    for choice in choices:
        own = {candidate.entity for candidate in choice.prior}
        for number, candidate in enumerate(choice.prior):
            near = context.neighbours(candidate.entity)
            edges = sum(p for key, p in believed.items() if key in near and key not in own)
            choice.scores[number] += weights.edge * min(edges, 2.0)
            # fsum: neighbours come from sets, whose order differs from one process to the next.
            shared = math.fsum(
                p for key, p in support.get(candidate.entity, {}).items() if key not in own
            )
            choice.scores[number] += weights.shared * min(shared, 2.0)
        choice.p = _beliefs(choice.scores, weights.nil)


MAX_HUB = 50
"""A neighbour that more candidates than this share says nothing (everything is in some country)."""


def _shared_support(
    believed: dict[str, float], context: EntityContext
) -> dict[str, dict[str, float]]:
    """For each candidate: the others that share a neighbour, with belief over √(how many share it).

    Of several shared neighbours the one that fewest share counts.
    """
    by_neighbour: dict[str, list[str]] = {}
    for key in believed:
        for other in context.neighbours(key):
            by_neighbour.setdefault(other, []).append(key)
    support: dict[str, dict[str, float]] = {}
    for sharing in by_neighbour.values():
        if not 1 < len(sharing) <= MAX_HUB:
            continue
        for key in sharing:
            row = support.setdefault(key, {})
            for other in sharing:
                if other != key:
                    share = believed[other] / math.sqrt(len(sharing))
                    row[other] = max(share, row.get(other, 0.0))
    return support
