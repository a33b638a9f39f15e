"""Evaluates link prediction: filtered, on both sides, with realistic ranks (the mean over ties)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from kg.embedding.training.scorer import Scorer

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Score = Callable[[torch.Tensor], torch.Tensor]

MAX_SCORE_BYTES = 64 * 2**20
"""Bytes of scores in memory at a time; more is no faster, because it exceeds the cache."""
MIN_RATIO_OF_N = 1.5
"""A side of a relation is "N" if it has at least this many heads per tail, or tails per head.

This is the definition of Bordes et al. 2013, section 4.2.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    """Mean reciprocal rank and hits over ``count`` ranks, two per triple."""

    mrr: float
    hits_at_1: float
    hits_at_3: float
    hits_at_10: float
    count: int

    @classmethod
    def of(cls, ranks: Floats) -> Ranks:
        """The measures of ranks, which begin at 1."""
        return cls(
            mrr=float((1 / ranks).mean()),
            hits_at_1=float((ranks <= 1).mean()),
            hits_at_3=float((ranks <= 3).mean()),
            hits_at_10=float((ranks <= 10).mean()),
            count=len(ranks),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RankReport(Ranks):
    """Mean reciprocal rank and hits, over both sides of ``count`` triples.

    Attributes:
        by_relation: The measures of each relation.
        by_category: The measures of "1-1", "1-N", "N-1" and "N-N" relations, by all known triples.
        by_side: The measures of predicting "head" and "tail".
    """

    by_relation: Mapping[str, Ranks] = field(default_factory=dict)
    by_category: Mapping[str, Ranks] = field(default_factory=dict)
    by_side: Mapping[str, Ranks] = field(default_factory=dict)


def rank_triples(
    scorer: Scorer, triples: Ints, known: Ints, memory: int = MAX_SCORE_BYTES
) -> Floats:
    """Rank each triple's head and tail among all entities, without other known answers.

    Args:
        scorer: The scorer.
        triples: Triples of ids to rank, shape (N, 3).
        known: True triples, shape (M, 3), whose answers are filtered out.
        memory: The maximum number of bytes of scores in memory at a time.

    Returns:
        Ranks of heads and of tails, shape (2, N).
    """
    # The ranked triples are added to the known ones, so that each has a group of known answers.
    known = np.concatenate([known, triples])
    rows = max(1, memory // (4 * scorer.num_entities))
    heads = _ranks(scorer.head_scores, triples[:, [1, 2, 0]], known[:, [1, 2, 0]], rows)
    return np.stack([heads, _ranks(scorer.tail_scores, triples, known, rows)])


def _ranks(score: Score, triples: Ints, known: Ints, rows: int) -> Floats:
    """Realistic filtered ranks of the third column of ``triples`` given the first two.

    Equal questions are scored only once.
    """
    order = np.lexsort(known.T[::-1])
    known = known[order]
    pairs, group, size = np.unique(known[:, :2], axis=0, return_index=True, return_counts=True)
    place = _place(pairs, triples[:, :2])
    ranks = np.empty(len(triples))
    questions, question = np.unique(place, return_inverse=True)
    by_question = np.argsort(question, kind="stable")
    bounds = np.searchsorted(question[by_question], np.arange(len(questions) + 1))
    for start in range(0, len(questions), rows):
        chosen = questions[start : start + rows]
        scores = score(torch.from_numpy(pairs[chosen]))
        these = by_question[bounds[start] : bounds[min(start + rows, len(questions))]]
        row = torch.from_numpy(question[these] - start)
        wanted = scores[row, torch.from_numpy(triples[these, 2])]
        # Known answers get −∞, so that only unknown ones count as above or equal. The known answers
        # of a question are ``size`` rows of ``known`` from the row ``group`` on.
        hidden = np.repeat(group[chosen], size[chosen]) + _ramp(size[chosen])
        line = np.repeat(np.arange(len(chosen)), size[chosen])
        scores[torch.from_numpy(line), torch.from_numpy(known[hidden, 2])] = -torch.inf
        ranks[these] = _count_ranks(scores, row, wanted)
    return ranks


def _count_ranks(scores: torch.Tensor, row: torch.Tensor, wanted: torch.Tensor) -> Floats:
    """Ranks of ``wanted`` scores among the scores of their rows, which do not contain them."""
    ranks = np.empty(len(wanted))
    step = max(1, 2**22 // scores.shape[1])
    for start in range(0, len(wanted), step):
        among = scores[row[start : start + step]]
        own = wanted[start : start + step, None]
        # Realistic rank: the mean of the best and the worst rank among equal scores.
        above, at_least = (among > own).sum(1), (among >= own).sum(1)
        ranks[start : start + step] = (1 + above + (at_least - above) / 2).double().numpy()
    return ranks


def _place(pairs: Ints, wanted: Ints) -> Ints:
    """The row of each of ``wanted`` in ``pairs``, which are sorted and unique."""
    width = int(pairs.max(initial=0)) + 1
    # Encoding a pair as one number preserves the order of the pairs.
    return np.searchsorted(pairs[:, 0] * width + pairs[:, 1], wanted[:, 0] * width + wanted[:, 1])


def _ramp(sizes: Ints) -> Ints:
    """Concatenate the ranges 0 … size − 1 of all ``sizes``."""
    return np.arange(sizes.sum()) - np.repeat(sizes.cumsum() - sizes, sizes)


def report(ranks: Floats, triples: Ints, known: Ints, relations: tuple[str, ...]) -> RankReport:
    """All measures of the ranks of triples, shape (2, N)."""
    total = Ranks.of(ranks.ravel())
    number = triples[:, 1]
    category = _categories(np.unique(np.concatenate([known, triples]), axis=0), len(relations))
    return RankReport(
        mrr=total.mrr,
        hits_at_1=total.hits_at_1,
        hits_at_3=total.hits_at_3,
        hits_at_10=total.hits_at_10,
        count=len(triples),
        by_relation={
            relations[relation]: Ranks.of(ranks[:, number == relation].ravel())
            for relation in np.unique(number)
        },
        by_category={
            name: Ranks.of(ranks[:, category[number] == name].ravel())
            for name in sorted(set(category[number]))
        },
        by_side={"head": Ranks.of(ranks[0]), "tail": Ranks.of(ranks[1])},
    )


def _categories(known: Ints, relations: int) -> NDArray[np.str_]:
    """The categories of relations, "1-1", "1-N" …, by heads per tail and tails per head.

    N begins at :data:`MIN_RATIO_OF_N`.
    """
    count = np.bincount(known[:, 1], minlength=relations)
    tails = np.bincount(np.unique(known[:, [0, 1]], axis=0)[:, 1], minlength=relations)
    heads = np.bincount(np.unique(known[:, [2, 1]], axis=0)[:, 1], minlength=relations)
    per_head, per_tail = count / np.maximum(tails, 1), count / np.maximum(heads, 1)
    left = np.where(per_tail >= MIN_RATIO_OF_N, "N", "1")
    right = np.where(per_head >= MIN_RATIO_OF_N, "N", "1")
    return np.char.add(np.char.add(left, "-"), right)
