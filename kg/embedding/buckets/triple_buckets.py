"""Triples on disk, by the partitions of their ends.

Entities are divided at random, because stratified partitions lowered the MRR in Dist-KGE (Kochsiek
and Gemulla 2021). All entities are put in a random order, of which partition p has the positions
from ``bounds[p]`` to before ``bounds[p + 1]``.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    Ints = NDArray[np.integer]

COLUMNS = 3
"""The columns of a triple: head, relation and tail."""


class TripleBuckets:
    """Triples sorted by (partition of the head, partition of the tail), in a file.

    Within a bucket they are sorted too, so that all that follows depends on their set only.

    Args:
        path: The file; an older one is replaced.
        triples: Returns the triples of ids in chunks of shape (n, 3); it is called twice.
        entities: The number of entities.
        partitions: The number of partitions.
        seed: The seed of the random order.

    Attributes:
        place: The position of each entity in the random order, shape (entities,).
        bounds: The first position of each partition, and the number of entities.
        digest: SHA-256 of the triples, and of how they are divided.
    """

    def __init__(
        self,
        path: Path,
        triples: Callable[[], Iterable[Ints]],
        entities: int,
        partitions: int,
        seed: int,
    ) -> None:
        self.place = np.random.default_rng(seed).permutation(entities).astype(np.int32)
        self.bounds = np.linspace(0, entities, partitions + 1).astype(np.int64)
        self._partitions = partitions
        counts = np.zeros(partitions**2, np.int64)
        for chunk in triples():
            counts += np.bincount(self._bucket(chunk), minlength=partitions**2)
        self._ends = counts.cumsum()
        next_row = self._ends - counts
        # A file cannot be mapped if it is empty.
        self._rows = np.memmap(path, np.int32, "w+", shape=(max(1, len(self)), COLUMNS))
        for chunk in triples():
            bucket = self._bucket(chunk)
            order = np.argsort(bucket, kind="stable")
            # The rows of one bucket follow each other, from the next free row of that bucket.
            used_buckets, sizes = np.unique(bucket, return_counts=True)
            first = np.repeat(sizes.cumsum() - sizes, sizes)
            rows = next_row[bucket[order]] + np.arange(len(order)) - first
            chunk = chunk[order]
            self._rows[rows] = np.stack(
                [self.place[chunk[:, 0]], chunk[:, 1], self.place[chunk[:, 2]]], 1
            )
            next_row[used_buckets] += sizes
        self.digest = self._sort(f"{entities} {partitions} {seed}")

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, heads_tails: tuple[int, int]) -> Ints:
        """The triples of a bucket, shape (n, 3); ends are numbered within their partitions."""
        head, tail = heads_tails
        number = head * self._partitions + tail
        begin = self._ends[number - 1] if number else 0
        rows: Ints = np.array(self._rows[begin : self._ends[number]], np.int64)
        rows -= np.array([self.bounds[head], 0, self.bounds[tail]])
        return rows

    def _sort(self, division: str) -> str:
        """Sort each bucket, so that the order of reading has no influence; return the digest."""
        digest = hashlib.sha256(division.encode())
        begin = 0
        for end in self._ends.tolist():
            rows = np.array(self._rows[begin:end])
            rows = rows[np.lexsort(rows.T[::-1])]
            self._rows[begin:end] = rows
            digest.update(rows.tobytes())
            begin = end
        return digest.hexdigest()

    def _bucket(self, chunk: Ints) -> NDArray[np.int64]:
        head, tail = (
            np.searchsorted(self.bounds, self.place[chunk[:, column]], "right").astype(np.int64) - 1
            for column in (0, 2)
        )
        return np.asarray(head * self._partitions + tail, np.int64)
