"""Exact search over uncompressed vectors in one array, which may be memory-mapped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from kptm.modeledge.vector_index.faiss_index import nearest, nearest_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kptm.modeledge.vector_index.faiss_index import Found

BLOCK = 16_384
"""Rows that are copied at a time."""

SINGLE = 20
"""With fewer queries FAISS compares one by one; copying the rows would cost more."""


class FlatIndex:
    """Vectors of length 1 in the order of their row ids, which breaks ties.

    So removing and restoring rows does not change a search.

    Args:
        dim: Width of the vectors.
        capacity: The expected number of vectors.
    """

    kind = "flat"

    def __init__(self, dim: int, capacity: int = 0) -> None:
        self._rows = np.empty((capacity, dim), np.float32)
        self._ids = np.empty(capacity, np.int64)
        self._used = 0

    @classmethod
    def over(cls, ids: NDArray[np.int64], rows: NDArray[np.float32]) -> FlatIndex:
        """Build an index on existing arrays."""
        made = cls(rows.shape[1])
        made._ids, made._rows, made._used = ids, rows, len(ids)
        return made

    def __len__(self) -> int:
        return self._used

    @property
    def ids(self) -> NDArray[np.int64]:
        """The rows' ids, by position."""
        return self._ids[: self._used]

    @property
    def living(self) -> NDArray[np.int64]:
        """The ids of the live rows: all."""
        return self.ids

    @property
    def rows(self) -> NDArray[np.float32]:
        """The vectors, by position."""
        return self._rows[: self._used]

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Add vectors of length 1, in the order of ids."""
        needed = self._used + len(ids)
        if needed > len(self._rows):
            room = needed + needed // 8
            self._rows = _longer(self.rows, room)
            self._ids = _longer(self.ids, room)
        both = np.concatenate((self.ids, ids))
        order = np.argsort(both, kind="stable")
        first = int(np.argmax(order != np.arange(needed))) if needed else 0
        if needed and order[first] == first:  # all ids are higher: append
            first = self._used
        # From the end on, so that no row is overwritten before it has moved.
        for stop in range(needed, first, -BLOCK):
            start = max(first, stop - BLOCK)
            taken = order[start:stop]
            old = taken < self._used
            part = np.empty((stop - start, self._rows.shape[1]), np.float32)
            part[old] = self._rows[taken[old]]
            part[~old] = vectors[taken[~old] - self._used]
            self._rows[start:stop] = part
        self._ids[:needed] = both[order]
        self._used = needed

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Remove rows; the rows after them move up."""
        left = np.flatnonzero(~np.isin(self.ids, ids))
        first = int(np.searchsorted(left - np.arange(len(left)), 1))  # the first that moves
        for start in range(first, len(left), BLOCK):
            part = left[start : start + BLOCK]
            self._rows[start : start + len(part)] = self._rows[part]
            self._ids[start : start + len(part)] = self._ids[part]
        self._used = len(left)

    def search(
        self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.bool_] | None = None
    ) -> Found:
        """The exact ``k`` best of the allowed positions (all by default)."""
        if allowed is None:
            return nearest(queries, self.rows, k)
        if len(queries) < SINGLE:
            return nearest_of(queries, self.rows, k, allowed)
        places = np.flatnonzero(allowed)
        best: Found = nearest(queries, self.rows[:0], k)
        for start in range(0, len(places), BLOCK):
            part = places[start : start + BLOCK]
            scores, found = nearest(queries, self.rows[part], k)
            best = merge(best, (scores, np.where(found >= 0, part[found], -1)), k)
        return best


def merge(one: Found, other: Found, k: int) -> Found:
    """The ``k`` best of two lists of the best."""
    scores = np.concatenate((one[0], other[0]), axis=1)
    places = np.concatenate((one[1], other[1]), axis=1)
    scores = np.where(places >= 0, scores, -np.inf).astype(np.float32)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, order, 1), np.take_along_axis(places, order, 1)


Number = TypeVar("Number", bound="np.generic[Any]")


def _longer(array: NDArray[Number], length: int) -> NDArray[Number]:
    made = np.empty((length, *array.shape[1:]), array.dtype)
    made[: len(array)] = array
    return made
