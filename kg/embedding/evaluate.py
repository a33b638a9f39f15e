"""Link prediction, measured: filtered, both sides, realistic ranks (the mean over ties)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kg.embedding.engine import Engine

Ids = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankReport:
    """Mean reciprocal rank and hits, over both sides of ``count`` triples."""

    mrr: float
    hits_at_1: float
    hits_at_3: float
    hits_at_10: float
    count: int


def rank_triples(
    engine: Engine, triples: list[Ids], known: Iterable[Ids], batch_size: int = 256
) -> RankReport:
    """Rank each triple's tail and head among all entities, other known answers left out.

    Args:
        engine: The scorer.
        triples: Triples of ids to rank.
        known: Triples that are true; they do not count against the one being ranked.
        batch_size: Rows of the score matrix held at a time.
    """
    ids = torch.tensor(triples, dtype=torch.long)
    tails: dict[tuple[int, int], set[int]] = defaultdict(set)
    heads: dict[tuple[int, int], set[int]] = defaultdict(set)
    for head, relation, tail in (*known, *triples):
        tails[head, relation].add(tail)
        heads[relation, tail].add(head)
    ranks = torch.cat(
        [
            _ranks(engine.tail_scores, ids[:, :2], ids[:, 2], tails, batch_size),
            _ranks(engine.head_scores, ids[:, 1:], ids[:, 0], heads, batch_size),
        ]
    )
    return RankReport(
        mrr=float((1 / ranks).mean()),
        hits_at_1=float((ranks <= 1).double().mean()),
        hits_at_3=float((ranks <= 3).double().mean()),
        hits_at_10=float((ranks <= 10).double().mean()),
        count=len(triples),
    )


def _ranks(
    score: Callable[[torch.Tensor], torch.Tensor],
    all_pairs: torch.Tensor,
    all_answers: torch.Tensor,
    known: dict[tuple[int, int], set[int]],
    batch_size: int,
) -> torch.Tensor:
    """Ranks of ``all_answers`` (N,) among the scores of ``all_pairs`` (N, 2), shape (N,)."""
    parts = []
    for start in range(0, len(all_pairs), batch_size):
        pairs = all_pairs[start : start + batch_size]
        answers = all_answers[start : start + batch_size]
        scores = score(pairs).double()
        wanted = scores.gather(1, answers[:, None]).clone()
        for row, (pair, answer) in enumerate(zip(pairs.tolist(), answers.tolist(), strict=True)):
            scores[row, list(known[pair[0], pair[1]] - {answer})] = -torch.inf
        above = (scores > wanted).sum(1)
        ties = (scores == wanted).sum(1)  # the answer itself is one of them
        parts.append(above + (ties + 1) / 2)
    return torch.cat(parts).double()
