"""The MRR of a sample of triples with its standard error; partitions are read one after another.

Shapes: B questions (two for each triple), N entities of a block, W numbers of a vector.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from kg.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from kg.embedding.buckets.bucket_training import BucketTraining
    from kg.embedding.buckets.triple_buckets import TripleBuckets

    Ints = NDArray[np.integer]

MAX_SCORE_BYTES = 64 * 2**20
"""Bytes of scores in memory at a time."""
MAX_QUESTIONS_PER_BATCH = 1_024
"""The maximum number of questions that are scored at a time."""
BYTES_PER_SCORE = 16
"""Bytes of a score in float64 and float32, and of its comparisons."""


class SampledMRR(NamedTuple):
    """A mean reciprocal rank.

    Attributes:
        mrr: The mean over the ranks of both ends of the sample.
        error: The standard error of the mean, over triples.
        triples: The number of triples in the sample.
    """

    mrr: float
    error: float
    triples: int


def sampled_mrr(
    training: BucketTraining,
    triples: Ints,
    known: Callable[[], Iterable[Ints]],
    size: int,
    seed: int = 0,
    memory: int = MAX_SCORE_BYTES,
) -> SampledMRR:
    """The MRR of both ends of randomly sampled triples among *all* entities but known answers.

    Ranks are realistic (equal scores count half) and filtered, as in
    :func:`kg.embedding.ranking.rank_triples`. One partition is in memory at a time.

    Args:
        training: The trained partitions.
        triples: The triples of ids to sample from, shape (N, 3).
        known: Function that returns true triples in chunks of shape (n, 3); their answers are
            filtered out.
        size: The number of triples to sample; all if there are fewer.
        seed: The seed of the sample.
        memory: The maximum number of bytes of scores in memory at a time.

    Raises:
        EmbeddingError: There is no triple to rank.
    """
    if not min(size, len(triples)):
        raise EmbeddingError("there is no triple to rank")
    buckets = training.buckets
    rng = np.random.default_rng(seed)
    sample = triples[rng.choice(len(triples), min(size, len(triples)), replace=False)]
    place = buckets.place
    # Both directions as (known end, directed relation, wanted end): 2r from head to tail, 2r + 1
    # back.
    questions = np.concatenate(
        [
            np.stack([place[sample[:, 0]], 2 * sample[:, 1], place[sample[:, 2]]], 1),
            np.stack([place[sample[:, 2]], 2 * sample[:, 1] + 1, place[sample[:, 0]]], 1),
        ]
    ).astype(np.int64)
    filtered = _known_answers(questions, known, buckets)
    ends_BW = _gather(training, buckets.bounds, questions[:, 0])
    relations_BW = training.relations()[torch.from_numpy(questions[:, 1])]
    query_BW = training.queries(ends_BW, relations_BW)
    own_BW = _gather(training, buckets.bounds, questions[:, 2])
    own_B = (query_BW.double() * own_BW.double()).sum(1).float()
    reciprocal = 1 / _ranks(training, query_BW, own_B, filtered, memory)
    of_each = reciprocal.reshape(2, -1).mean(0)  # of each triple, over both ends
    error = float(of_each.std(ddof=1) / np.sqrt(len(sample))) if len(sample) > 1 else 0.0
    return SampledMRR(float(of_each.mean()), error, len(sample))


def _known_answers(
    questions: Ints, known: Callable[[], Iterable[Ints]], buckets: TripleBuckets
) -> tuple[Ints, Ints]:
    """Numbers of questions, and the places of their known answers, sorted by place.

    The wanted ends are among them.
    """
    width = int(questions[:, 1].max(initial=0)) + 1
    # A known end and a directed relation as one number.
    code = questions[:, 0] * width + questions[:, 1]
    order = np.argsort(code, kind="stable")
    numbers, answers = [np.arange(len(questions))], [questions[:, 2]]
    for chunk in known():
        head, tail = (buckets.place[chunk[:, column]].astype(np.int64) for column in (0, 2))
        for known_end, relation, answer in (
            (head, 2 * chunk[:, 1], tail),
            (tail, 2 * chunk[:, 1] + 1, head),
        ):
            codes = known_end * width + relation
            first, last = (np.searchsorted(code[order], codes, side) for side in ("left", "right"))
            is_asked = (last > first) & (relation < width)
            for row in np.flatnonzero(is_asked).tolist():
                same_questions = order[first[row] : last[row]]
                numbers.append(same_questions)
                answers.append(np.repeat(answer[row], len(same_questions)))
    number, place = np.concatenate(numbers), np.concatenate(answers)
    by_place = np.argsort(place, kind="stable")
    return number[by_place], place[by_place]


def _ranks(
    training: BucketTraining,
    query_BW: torch.Tensor,
    own_B: torch.Tensor,
    filtered: tuple[Ints, Ints],
    memory: int,
) -> NDArray[np.float64]:
    """The realistic rank of each wanted end by its own score, shape (B,).

    Scores are computed in float64 and rounded to float32. In float32, a sum depends on the order in
    which a kernel adds, so that equal vectors would have different scores in blocks of different
    shapes, and would not be ties. In float64, the difference is far below what rounding leaves.
    """
    count, width = query_BW.shape
    above, equal = np.zeros(count), np.zeros(count)
    number, place = filtered
    step = max(1, min(count, MAX_QUESTIONS_PER_BATCH, memory // BYTES_PER_SCORE))
    size = max(1, memory // (BYTES_PER_SCORE * step + 8 * width))
    for part, (begin, end) in enumerate(pairwise(training.buckets.bounds.tolist())):
        vectors = training.vectors(part)
        for start in range(begin, end, size):
            stop = min(start + size, end)
            block_WN = vectors[start - begin : stop - begin].double().T
            first, last = np.searchsorted(place, (start, stop))
            for i in range(0, count, step):
                these = slice(i, i + step)
                scores_BN = (query_BW[these].double() @ block_WN).float()
                row, column = number[first:last] - i, place[first:last] - start
                inside = (row >= 0) & (row < step)
                row, column = row[inside], column[inside]
                scores_BN[torch.from_numpy(row), torch.from_numpy(column)] = -torch.inf
                # The wanted end itself is a known answer, and is counted once below.
                above[these] += (scores_BN > own_B[these, None]).sum(1).numpy()
                equal[these] += (scores_BN == own_B[these, None]).sum(1).numpy()
    return 1 + above + equal / 2


def _gather(training: BucketTraining, bounds: Ints, places: Ints) -> torch.Tensor:
    """The vectors at some places, (B, W)."""
    part_of = np.searchsorted(bounds, places, "right") - 1
    gathered: torch.Tensor | None = None
    for part in np.unique(part_of).tolist():
        vectors = training.vectors(part)
        if gathered is None:
            gathered = vectors.new_empty(len(places), vectors.shape[1])
        rows = np.flatnonzero(part_of == part)
        gathered[torch.from_numpy(rows)] = vectors[torch.from_numpy(places[rows] - bounds[part])]
    return torch.empty(0, 0) if gathered is None else gathered
