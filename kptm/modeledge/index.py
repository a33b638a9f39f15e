"""The only import of faiss: an index over the live vectors of one space, derived and disposable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import faiss
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


class FlatIndex:
    """Exact inner product over vectors of length 1, with the records' row ids.

    Attributes:
        state: What of the table it was made from; a store whose table has moved on makes a new one.
    """

    def __init__(self, dim: int, state: tuple[int, int]) -> None:
        self.state = state
        self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(dim))

    def add(self, parts: Iterable[tuple[NDArray[np.int64], NDArray[np.float32]]]) -> None:
        """Add batches of (row ids, vectors)."""
        for ids, vectors in parts:
            self._index.add_with_ids(unit(vectors), ids)

    def search(
        self, vectors: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Similarities and row ids, shape (queries, k); -1 where there are fewer than k."""
        scores, ids = self._index.search(unit(vectors), k)
        return scores, ids


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of length 1 (a zero row stays zero)."""
    # Squares of what float32 can hold leave float32.
    wide = vectors.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.ascontiguousarray(wide / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)
