"""Embeddings on disk by partitions: MRR beside training in memory, and peak memory."""

from __future__ import annotations

import gzip
import resource
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import torch

from kg.embedding import KGEConfig
from kg.embedding.buckets.bucket_training import BucketTraining
from kg.embedding.buckets.sampled_ranks import sampled_mrr
from kg.embedding.buckets.triple_buckets import TripleBuckets
from kg.embedding.ranking import rank_triples
from kg.embedding.training.loop import train
from kg.embedding.training.scorer import Scorer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

SAMPLE = 2_000
"""Test triples that are ranked."""
CHUNK = 1_000_000


def compare(data: Path, partitions: list[int], epochs: int, dim: int, folder: Path) -> int:
    """Train on a graph in memory (0 partitions) and on disk, print a table, return 0."""
    torch.set_num_threads(1)
    config = KGEConfig(
        dim=dim, epochs=epochs, batch_size=512, training="sampled", negatives=500, share=1,
        regularization=0.005,
    )  # fmt: skip
    entities, relations, parts = _graph(data)
    known = np.concatenate(list(parts.values()))
    rng = np.random.default_rng(0)
    sample = parts["test"][rng.choice(len(parts["test"]), SAMPLE, replace=False)]
    print("| partitions | epochs | loss, last epoch | MRR of 2,000 test triples | error | CPU s |")
    print("|---|---|---|---|---|---|")
    for count in partitions:
        begin = time.process_time()
        if count:
            buckets = TripleBuckets(
                folder / f"buckets{count}", lambda: [parts["train"]], entities, count, 0
            )
            training = BucketTraining(folder / f"{count}", buckets, config, relations)
            training.train(lambda epoch: print(epoch, time.process_time(), flush=True))
            seconds, curve = time.process_time() - begin, training.curve
            found = sampled_mrr(training, sample, lambda: [known], SAMPLE)
            mrr, error = found.mrr, found.error
        else:
            scorer = Scorer(config, entities, relations)
            curve = train(
                scorer,
                torch.from_numpy(parts["train"]),
                progress=lambda epoch: print(epoch, time.process_time(), flush=True),
            )
            seconds = time.process_time() - begin
            of_each = (1 / rank_triples(scorer, sample, known)).mean(0)
            mrr, error = of_each.mean(), of_each.std(ddof=1) / SAMPLE**0.5
        print(
            f"| {count or 'in memory'} | {epochs} | {curve[-1].loss:.3f} | {mrr:.4f} |"
            f" {error:.4f} | {seconds:,.0f} |",
            flush=True,
        )
    return 0


def measure_memory(
    entities: int, triples: int, partitions: int, dim: int, pairs: int, folder: Path
) -> int:
    """Train the first pairs of partitions of a synthetic graph, print the peak, return 0."""
    torch.set_num_threads(1)
    relations = 10
    config = KGEConfig(
        model="DistMult", dim=dim, epochs=1, batch_size=1_000, training="sampled", negatives=500,
        regularization=0.005,
    )  # fmt: skip
    steps = np.random.default_rng(1).integers(1, entities, relations)

    def facts() -> Iterator[Ints]:
        """Relation r leads from entity e to entity e + step of r, modulo their number."""
        for chunk, start in enumerate(range(0, triples, CHUNK)):
            rng = np.random.default_rng((2, chunk))
            size = min(CHUNK, triples - start)
            head, relation = rng.integers(0, entities, size), rng.integers(0, relations, size)
            yield np.stack([head, relation, (head + steps[relation]) % entities], 1)

    begin = time.monotonic()
    before = _peak()
    buckets = TripleBuckets(folder / "triples", facts, entities, partitions, 0)
    sorted_at, sorted_peak = time.monotonic(), _peak()
    training = BucketTraining(folder / "partitions", buckets, config, relations)
    made_at = time.monotonic()
    whole = partitions * (partitions + 1) // 2

    def stop(done: float) -> None:
        if done * whole >= pairs - 0.5:
            raise _EnoughError

    with suppress(_EnoughError):
        training.train(step=stop)
    end = time.monotonic()
    size = entities * dim * (2 if config.model == "ComplEx" else 1) * 4
    print("| entities × width | triples | partitions | pairs trained | vectors, with their state |"
          " imports | peak after sorting | peak | sorting | first files | a pair |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    cells = (
        f"{entities:,} × {dim}", f"{triples:,}", partitions, f"{min(pairs, whole)} of {whole}",
        f"{size / 1e9:.2f}, {2 * size / 1e9:.2f} GB", f"{before:.0f} MB", f"{sorted_peak:.0f} MB",
        f"{_peak():.0f} MB", f"{sorted_at - begin:.0f} s", f"{made_at - sorted_at:.0f} s",
        f"{(end - made_at) / min(pairs, whole):.0f} s",
    )  # fmt: skip
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    return 0


class _EnoughError(Exception):
    """The pairs that were asked for have been trained."""


def _peak() -> float:
    """The most memory of this process so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _graph(data: Path) -> tuple[int, int, dict[str, Ints]]:
    """The numbers of entities and relations, and the triples of ids of each part."""
    rows = {}
    for name in ("train", "valid", "test"):
        with gzip.open(data / f"{name}.tsv.gz", "rt", encoding="utf-8") as stream:
            rows[name] = [line.rstrip("\n").split("\t") for line in stream]
    every = [row for part in rows.values() for row in part]
    entity = {key: n for n, key in enumerate(sorted({row[at] for row in every for at in (0, 2)}))}
    relation = {key: n for n, key in enumerate(sorted({row[1] for row in every}))}
    return len(entity), len(relation), {
        name: np.array([(entity[h], relation[r], entity[t]) for h, r, t in part], np.int64)
        for name, part in rows.items()
    }  # fmt: skip
