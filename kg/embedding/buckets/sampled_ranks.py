"""The MRR of a sample of triples, partition by partition, with its standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from kg.embedding.buckets.bucket_training import BucketTraining
    from kg.embedding.buckets.triple_buckets import TripleBuckets

    Ints = NDArray[np.integer]


class SampledMRR(NamedTuple):
    """A mean reciprocal rank.

    Attributes:
        mrr: The mean over the ranks of both ends of the sample.
        error: The standard error of the mean, over triples.
        triples: The triples of the sample.
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
) -> SampledMRR:
    """Rank the ends of a random sample of triples among *all* entities, without known answers.

    Ranks are realistic (equal scores count half) and filtered, as in
    :func:`kg.embedding.ranking.rank_triples`. One partition is in memory at a time.

    Args:
        training: The trained partitions.
        triples: The triples of ids to sample from, shape (N, 3).
        known: Returns true triples in chunks of shape (n, 3), whose answers are filtered out.
        size: The triples of the sample.
        seed: The seed of the sample.
    """
    buckets = training.buckets
    rng = np.random.default_rng(seed)
    sample = triples[rng.choice(len(triples), min(size, len(triples)), replace=False)]
    place = buckets.place
    # Both directions as (known end, directed relation, wanted end).
    asked = np.concatenate(
        [
            np.stack([place[sample[:, 0]], 2 * sample[:, 1], place[sample[:, 2]]], 1),
            np.stack([place[sample[:, 2]], 2 * sample[:, 1] + 1, place[sample[:, 0]]], 1),
        ]
    ).astype(np.int64)
    hidden = _known_answers(asked, known, buckets)
    bounds = buckets.bounds
    ends_BW = _gather(training, bounds, asked[:, 0])
    query_BW = training.queries(ends_BW, training.relations()[torch.from_numpy(asked[:, 1])])
    own_B = (query_BW * _gather(training, bounds, asked[:, 2])).sum(1)
    above, equal = np.zeros(len(asked)), np.zeros(len(asked))
    for part in range(len(bounds) - 1):
        scores_BN = query_BW @ training.vectors(part).T
        row, column = (torch.from_numpy(ids) for ids in _within(hidden, bounds, part))
        scores_BN[row, column] = -torch.inf
        # The wanted end itself is known and hidden, and is counted once below.
        above += (scores_BN > own_B[:, None]).sum(1).numpy()
        equal += (scores_BN == own_B[:, None]).sum(1).numpy()
    reciprocal = (1 / (1 + above + equal / 2)).reshape(2, -1).mean(0)
    error = float(reciprocal.std(ddof=1) / np.sqrt(len(sample))) if len(sample) > 1 else 0.0
    return SampledMRR(float(reciprocal.mean()), error, len(sample))


def _known_answers(
    asked: Ints, known: Callable[[], Iterable[Ints]], buckets: TripleBuckets
) -> tuple[Ints, Ints]:
    """Numbers of questions, and places of their known answers; the wanted ones are among them."""
    width = 2 * int(asked[:, 1].max(initial=0)) + 2
    code = asked[:, 0] * width + asked[:, 1]
    order = np.argsort(code, kind="stable")
    numbers, answers = [np.arange(len(asked))], [asked[:, 2]]
    for chunk in known():
        head, tail = (buckets.place[chunk[:, column]].astype(np.int64) for column in (0, 2))
        for one, relation, other in (
            (head, 2 * chunk[:, 1], tail),
            (tail, 2 * chunk[:, 1] + 1, head),
        ):
            mine = one * width + relation
            first, last = (np.searchsorted(code[order], mine, side) for side in ("left", "right"))
            fits = (last > first) & (relation < width)
            for question in np.flatnonzero(fits).tolist():
                same = order[first[question] : last[question]]
                numbers.append(same)
                answers.append(np.repeat(other[question], len(same)))
    return np.concatenate(numbers), np.concatenate(answers)


def _within(hidden: tuple[Ints, Ints], bounds: Ints, part: int) -> tuple[Ints, Ints]:
    number, place = hidden
    inside = (place >= bounds[part]) & (place < bounds[part + 1])
    return number[inside], place[inside] - bounds[part]


def _gather(training: BucketTraining, bounds: Ints, places: Ints) -> torch.Tensor:
    """The vectors at some places, (B, W)."""
    part_of = np.searchsorted(bounds, places, "right") - 1
    found: torch.Tensor | None = None
    for part in np.unique(part_of).tolist():
        vectors = training.vectors(part)
        if found is None:
            found = vectors.new_empty(len(places), vectors.shape[1])
        here = np.flatnonzero(part_of == part)
        found[torch.from_numpy(here)] = vectors[torch.from_numpy(places[here] - bounds[part])]
    return torch.empty(0, 0) if found is None else found
