"""Predictions from scores and vectors.

They are the best entities for a missing end, the nearest entities, and new facts of a relation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from kg.types import Triple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor

    from kg.embedding.scored_vectors import ScoredVectors
    from kg.view import GraphView

    Facts = Iterable[tuple[str, str, str]]
    Question = tuple[str | None, str, str | None]
    """Head, relation and tail; the missing end is None."""

HEADS_PER_BATCH = 256
"""The number of heads whose tails are scored together."""


class _Pair(NamedTuple):
    entity: str
    score: float


class Prediction(_Pair):
    """An entity and its score, which unpacks as a pair.

    Attributes:
        known: Whether the entity completes a known fact; None if no known facts were given.
    """

    known: bool | None = None


def best(
    embeddings: ScoredVectors,
    question: Question,
    k: int,
    known: Facts | GraphView | None,
    *,
    mark: bool,
) -> list[Prediction]:
    """The ``k`` best entities for the missing head or tail.

    Entities that complete a known fact are left out (PyKEEN calls this filtered), or kept and
    marked if ``mark``.
    """
    head, relation, tail = question
    scores = embeddings.scores(head=head, relation=relation, tail=tail)
    known_rows = None if known is None else embeddings.keys.of(_answers(question, known))
    excluded = list(known_rows.values()) if known_rows and not mark else []
    if excluded:
        scores[excluded] = -torch.inf
    rows = highest(scores, max(0, min(k, len(embeddings) - len(excluded))))
    predictions = []
    for row, value in zip(rows.tolist(), scores[rows].tolist(), strict=True):
        prediction = Prediction(embeddings.keys[row], value)
        if known_rows is not None:
            prediction.known = prediction.entity in known_rows
        predictions.append(prediction)
    return predictions


def highest(scores_N: Tensor, k: int) -> Tensor:
    """The positions of the ``k`` highest scores, best first; ties go to the earlier position.

    ``torch.topk`` leaves the order of equal scores to the kernel; a stable sort of all scores takes
    ten times as long.
    """
    if k < 1:
        return torch.empty(0, dtype=torch.long)
    kth_score = torch.topk(scores_N, min(k, len(scores_N))).values[-1]
    positions = (scores_N >= kth_score).nonzero().flatten()
    return positions[torch.sort(scores_N[positions], descending=True, stable=True).indices[:k]]


def _answers(question: Question, known: Facts | GraphView) -> set[str]:
    head, relation, tail = question
    facts = _matching(known, question)
    if head is not None:
        return {t for h, r, t in facts if (h, r) == (head, relation)}
    return {h for h, r, t in facts if (r, t) == (relation, tail)}


def _matching(known: Facts | GraphView, question: Question) -> Facts:
    """The known facts in which to look for answers.

    They are a graph's facts that match the question, or all facts of a collection.
    """
    match = getattr(known, "match", None)
    # Without ``match`` it is a collection.
    facts: Facts = known if match is None else match(*question)  # type: ignore[assignment]
    return facts


def nearest(embeddings: ScoredVectors, key: str, k: int) -> list[Prediction]:
    """The ``k`` other entities whose vectors have the highest cosine with that of ``key``.

    The vectors are read in chunks, so that the table may be larger than memory.
    """
    query = torch.nn.functional.normalize(embeddings.vectors([key])[0], dim=0)
    row = embeddings.row(key)
    best_cosine, best_row, start = torch.empty(0), torch.empty(0, dtype=torch.long), 0
    for part in embeddings.chunks():
        cosine = torch.nn.functional.normalize(torch.from_numpy(part), dim=1) @ query
        rows = torch.arange(start, start + len(part))
        start += len(part)
        both = torch.cat([best_cosine, cosine[rows != row]])
        rows = torch.cat([best_row, rows[rows != row]])
        order = torch.sort(-both, stable=True).indices[: max(k, 0)]
        best_cosine, best_row = both[order], rows[order]
    return [
        Prediction(embeddings.keys[row], cosine)
        for row, cosine in zip(best_row.tolist(), best_cosine.tolist(), strict=True)
    ]


def new_facts(
    embeddings: ScoredVectors, relation: str, k: int, known: Facts | GraphView
) -> list[tuple[Triple, float]]:
    """The likeliest unknown facts of a relation, between its known heads and tails.

    Each comes with the softmax of its score over all tails, which is not calibrated.
    """
    relation_id = embeddings.relation_id(relation)
    known_facts = _matching(known, (None, relation, None))
    facts = embeddings.known_ids(item for item in known_facts if item[1] == relation)
    heads, tails = np.unique(facts[:, 0]), np.unique(facts[:, 2])
    if not len(heads) or k < 1:
        return []
    known_at = np.stack(
        [np.searchsorted(heads, facts[:, 0]), np.searchsorted(tails, facts[:, 2])], 1
    )
    best_p, best_pairs = torch.empty(0), torch.empty((0, 2), dtype=torch.long)
    scorer = embeddings.scorer()
    for start in range(0, len(heads), HEADS_PER_BATCH):
        stop = start + HEADS_PER_BATCH
        some = torch.from_numpy(heads[start:stop])
        questions = torch.stack([some, torch.full_like(some, relation_id)], 1)
        p = torch.softmax(scorer.tail_scores(questions), 1)[:, torch.from_numpy(tails)]
        known_here = known_at[(known_at[:, 0] >= start) & (known_at[:, 0] < stop)]
        p[known_here[:, 0] - start, known_here[:, 1]] = -1.0
        p = p.flatten()
        top = highest(p, k)
        pairs = torch.stack([top // len(tails) + start, top % len(tails)], 1)
        best_p, best_pairs = torch.cat([best_p, p[top]]), torch.cat([best_pairs, pairs])
        order = torch.sort(-best_p, stable=True).indices[:k]
        best_p, best_pairs = best_p[order], best_pairs[order]
    keys = embeddings.keys
    return [
        (Triple(keys[int(heads[h])], relation, keys[int(tails[t])]), p)
        for (h, t), p in zip(best_pairs.tolist(), best_p.tolist(), strict=True)
        if p >= 0
    ]
