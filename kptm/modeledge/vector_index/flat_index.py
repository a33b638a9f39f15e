"""Exact search over uncompressed vectors in one array, which may be memory-mapped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from kptm.modeledge.vector_index.faiss_index import nearest, nearest_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kptm.modeledge.vector_index.faiss_index import Found
    from kptm.modeledge.vector_index.index_protocol import Allowed

ROWS_PER_BLOCK = 16_384
"""The number of rows that are copied at a time."""

MIN_QUERIES_TO_COPY = 20
"""For fewer queries than this, rows are compared in place, because copying them would cost more."""


class FlatIndex:
    """Vectors of length 1 in the order of their row ids.

    The order breaks ties, so that removing and restoring rows does not change search results.

    Args:
        dim: Width of the vectors.
        capacity: The expected number of vectors.
    """

    kind = "flat"
    is_exact = True
    needs_rebuild = False

    def __init__(self, dim: int, capacity: int = 0) -> None:
        self._rows = np.empty((capacity, dim), np.float32)
        self._ids = np.empty(capacity, np.int64)
        self._used = 0

    @classmethod
    def over(cls, ids: NDArray[np.int64], rows: NDArray[np.float32]) -> FlatIndex:
        """Make an index of existing arrays, without copying them."""
        index = cls(rows.shape[1])
        index._ids, index._rows, index._used = ids, rows, len(ids)
        return index

    def __len__(self) -> int:
        return self._used

    @property
    def ids(self) -> NDArray[np.int64]:
        """The id of the row at each position."""
        return self._ids[: self._used]

    @property
    def living(self) -> NDArray[np.int64]:
        """The ids of the live rows, which are all rows of the index."""
        return self.ids

    @property
    def rows(self) -> NDArray[np.float32]:
        """The vector at each position."""
        return self._rows[: self._used]

    def has(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether the index has each of the ids."""
        return np.isin(ids, self.ids)

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Add vectors of length 1 at their places in the order of ids."""
        total = self._used + len(ids)
        if total > len(self._rows):
            capacity = total + total // 8
            self._rows = _lengthen(self.rows, capacity)
            self._ids = _lengthen(self.ids, capacity)
        all_ids = np.concatenate((self.ids, ids))
        order = np.argsort(all_ids, kind="stable")
        first = int(np.argmax(order != np.arange(total))) if total else 0  # the first that moves
        if total and order[first] == first:  # no row moves, so the new ones are appended
            first = self._used
        # From the end to the beginning, so that no row is overwritten before it has moved.
        for stop in range(total, first, -ROWS_PER_BLOCK):
            start = max(first, stop - ROWS_PER_BLOCK)
            sources = order[start:stop]
            is_old = sources < self._used
            part = np.empty((stop - start, self._rows.shape[1]), np.float32)
            part[is_old] = self._rows[sources[is_old]]
            part[~is_old] = vectors[sources[~is_old] - self._used]
            self._rows[start:stop] = part
        self._ids[:total] = all_ids[order]
        self._used = total

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Remove rows; the rows after them move up."""
        remaining = np.flatnonzero(~np.isin(self.ids, ids))
        # The first row that moves.
        first = int(np.searchsorted(remaining - np.arange(len(remaining)), 1))
        for start in range(first, len(remaining), ROWS_PER_BLOCK):
            part = remaining[start : start + ROWS_PER_BLOCK]
            self._rows[start : start + len(part)] = self._rows[part]
            self._ids[start : start + len(part)] = self._ids[part]
        self._used = len(remaining)

    def search_ids(
        self, queries: NDArray[np.float32], k: int, allowed: Allowed | None = None
    ) -> Found:
        """As :meth:`search`, with the ids of rows instead of positions."""
        mask = None if allowed is None else allowed.mask_over(self.ids)
        scores, positions = self.search(queries, k, mask)
        if not self._used:
            return scores, positions
        return scores, np.where(positions >= 0, self.ids[positions], -1)

    def search(
        self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.bool_] | None = None
    ) -> Found:
        """The exact ``k`` best of the allowed positions (all by default)."""
        if allowed is None:
            return nearest(queries, self.rows, k)
        if len(queries) < MIN_QUERIES_TO_COPY:
            return nearest_of(queries, self.rows, k, allowed)
        positions = np.flatnonzero(allowed)
        best: Found = nearest(queries, self.rows[:0], k)
        for start in range(0, len(positions), ROWS_PER_BLOCK):
            part = positions[start : start + ROWS_PER_BLOCK]
            scores, places_in_part = nearest(queries, self.rows[part], k)
            part_places = np.where(places_in_part >= 0, part[places_in_part], -1)
            best = merge(best, (scores, part_places), k)
        return best


def merge(first: Found, second: Found, k: int) -> Found:
    """The ``k`` best of two lists of results, for each query."""
    scores = np.concatenate((first[0], second[0]), axis=1)
    positions = np.concatenate((first[1], second[1]), axis=1)
    scores = np.where(positions >= 0, scores, -np.inf).astype(np.float32)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, order, 1), np.take_along_axis(positions, order, 1)


Number = TypeVar("Number", bound="np.generic[Any]")


def _lengthen(array: NDArray[Number], length: int) -> NDArray[Number]:
    longer = np.empty((length, *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer
