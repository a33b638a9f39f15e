"""A FAISS index in shards, each with the rows of one range of ids.

FAISS's own ``IndexShards`` does not serve here: it passes one filter to all shards, by positions
that each shard counts from 0, and removed rows are masked in each shard by a filter of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kptm.modeledge.vector_index import build_index
from kptm.modeledge.vector_index.faiss_index import APPROXIMATE, COARSE, nearest
from kptm.modeledge.vector_index.flat_index import FlatIndex, merge
from kptm.modeledge.vector_index.index_protocol import Allowed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from kptm.modeledge.vector_index.faiss_index import Found
    from kptm.modeledge.vector_index.index_protocol import VectorIndex


@dataclass(frozen=True, slots=True)
class ShardSettings:
    """How the shards of a space are built.

    Attributes:
        kind: The configured kind of index.
        target: The least recall@10; a shard with a lower one is flat.
        seed: The seed of the samples.
        generation: Counts the builds that were asked for; an interrupted one is continued.
    """

    kind: str = "flat"
    target: float = 0.95
    seed: int = 0
    generation: int = 0


@dataclass(slots=True)
class VectorShard:
    """The index of the rows in one range of ids.

    Attributes:
        index: The index.
        settings: How it was built.
        recall: Recall@10 among its own rows, measured when it was built; 1 if search is exact.
        audited: The recall of the configured kind.
        is_young: Whether it is flat because it had few rows when it was built or begun; it is built
            as configured when its range of ids is full.
        unsaved: The number of rows that changed since it was written to disk; -1 if it never was.
    """

    index: VectorIndex
    settings: ShardSettings
    recall: float = 1.0
    audited: float = 1.0
    is_young: bool = False
    unsaved: int = -1

    def count_change(self, rows: int) -> None:
        """Count rows that were added or removed."""
        if self.unsaved >= 0:
            self.unsaved += rows


class ShardedIndex:
    """The shards of a space, searched one after another, with an exact merge of their results.

    Args:
        dim: The width of the vectors.
        rows: The number of ids in the range of a shard; shard n has the ids from n · rows on.
        settings: How new shards are to be built.
    """

    def __init__(self, dim: int, rows: int, settings: ShardSettings) -> None:
        self._dim, self._rows = dim, rows
        self.settings = settings
        self.shards: dict[int, VectorShard] = {}
        # The rows of each shard that pass the filter of the latest search.
        self._divided: tuple[Allowed, dict[int, Allowed]] | None = None

    @property
    def kind(self) -> str:
        """The kind of the shards, or of those that are not flat."""
        kinds = {shard.index.kind for shard in self.shards.values()}
        return next((kind for kind in (*COARSE, *APPROXIMATE) if kind in kinds), "flat")

    @property
    def is_exact(self) -> bool:
        """Whether every shard compares all its rows."""
        return all(shard.index.is_exact for shard in self.shards.values())

    @property
    def needs_rebuild(self) -> bool:
        """Whether a shard should be rebuilt."""
        return bool(self.worn)

    @property
    def worn(self) -> list[int]:
        """The shards to rebuild: they lost many or all rows, or began with few and are full."""
        last = max(self.shards, default=0)

        def is_full(number: int, shard: VectorShard) -> bool:
            return (
                shard.is_young
                and number < last
                and len(shard.index) > build_index.MAX_EXACT_VECTORS
            )

        return [
            number
            for number, shard in self.shards.items()
            if shard.index.needs_rebuild or not len(shard.index) or is_full(number, shard)
        ]

    @property
    def recall(self) -> float:
        """The mean recall@10 of the shards, by their rows.

        A row among the ten nearest of all is among the ten nearest of its shard, so that a search
        of all shards has about this recall.
        """
        total = len(self)
        parts = (shard.recall * len(shard.index) for shard in self.shards.values())
        return sum(parts) / total if total else 1.0

    @property
    def audited(self) -> float:
        """The mean recall@10 of the configured kind, by the rows of the shards."""
        total = len(self)
        parts = (shard.audited * len(shard.index) for shard in self.shards.values())
        return sum(parts) / total if total else 1.0

    @property
    def living(self) -> NDArray[np.int64]:
        """The ids of the live rows."""
        parts = [self.shards[number].index.living for number in sorted(self.shards)]
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    def __len__(self) -> int:
        return sum(len(shard.index) for shard in self.shards.values())

    def has(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each of the ids is a live row of the index."""
        exists = np.zeros(len(ids), bool)
        for number, positions in self._places(ids):
            if number in self.shards:
                exists[positions] = self.shards[number].index.has(ids[positions])
        return exists

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Add rows that the index does not have; vectors have shape (ids, dim)."""
        for number, positions in self._places(ids):
            shard = self.shards.get(number)
            if shard is None:
                is_young = self.settings.kind != "flat"
                shard = VectorShard(FlatIndex(self._dim), self.settings, is_young=is_young)
                self.shards[number] = shard
            shard.index.add(ids[positions], vectors[positions])
            shard.count_change(len(positions))
        self._divided = None

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Remove rows."""
        for number, positions in self._places(ids):
            if number in self.shards:
                self.shards[number].index.remove(ids[positions])
                self.shards[number].count_change(len(positions))
        self._divided = None

    def search_ids(
        self, queries: NDArray[np.float32], k: int, allowed: Allowed | None = None
    ) -> Found:
        """Similarities and ids, shape (queries, k), best first; the id -1 means no result.

        The merge is exact: the k best of all rows are among the k best of each shard.
        """
        best: Found = nearest(queries, np.empty((0, self._dim), np.float32), k)
        parts = None if allowed is None else self._divide(allowed)
        for number in sorted(self.shards):  # of equal similarities, the lower id comes first
            if parts is None or number in parts:
                part = None if parts is None else parts[number]
                results = self.shards[number].index.search_ids(queries, k, part)
                best = merge(best, results, k)
        return best

    def _divide(self, allowed: Allowed) -> dict[int, Allowed]:
        """The rows of each shard that pass a filter, computed once for searches with the filter."""
        if self._divided is None or self._divided[0] is not allowed:
            parts = {number: Allowed(allowed.ids[at]) for number, at in self._places(allowed.ids)}
            self._divided = allowed, parts
        return self._divided[1]

    def _places(self, ids: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.intp]]]:
        """Each shard that ids belong to, and their places among them."""
        numbers = ids // self._rows
        for number in np.unique(numbers).tolist():
            yield number, np.flatnonzero(numbers == number)
