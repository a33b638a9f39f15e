"""Approximate search by FAISS, in which removed rows are masked.

They are not deleted, because for these kinds of index FAISS either cannot delete or silently
returns wrong ids afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kptm.modeledge.vector_index.faiss_index import FaissIndex, Found
    from kptm.modeledge.vector_index.index_protocol import Allowed

MAX_REMOVED_SHARE = 0.5
"""With a larger share of removed rows, recall drops too far."""


class ApproximateIndex:
    """A FAISS index with the ids of its rows and a mask of live rows.

    Args:
        index: The FAISS index.
        ids: The id of the row at each position of the index.
        alive: Whether the row at each position is live.
    """

    is_exact = False

    def __init__(
        self,
        index: FaissIndex,
        ids: NDArray[np.int64] | None = None,
        alive: NDArray[np.bool_] | None = None,
    ) -> None:
        self.index = index
        self.ids = np.zeros(0, np.int64) if ids is None else ids
        self.alive = np.ones(len(self.ids), bool) if alive is None else alive
        self._living = int(self.alive.sum())

    @property
    def kind(self) -> str:
        """The kind of index."""
        return self.index.kind

    def __len__(self) -> int:
        return self._living

    @property
    def living(self) -> NDArray[np.int64]:
        """The ids of the live rows."""
        return self.ids[self.alive]

    @property
    def needs_rebuild(self) -> bool:
        """Whether recall drops because too many rows are removed."""
        return len(self) < (1 - MAX_REMOVED_SHARE) * len(self.ids)

    def has(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each of the ids is a live row of the index."""
        return np.isin(ids, self.living)

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Add vectors of length 1; a removed row is restored."""
        # FAISS still has a removed row, so the row is unmasked instead of added again.
        restored = np.isin(self.ids, ids)
        self.alive[restored] = True
        new = ~np.isin(ids, self.ids[restored])
        self.index.add(vectors[new])
        self.ids = np.concatenate((self.ids, ids[new]))
        self.alive = np.concatenate((self.alive, np.ones(int(new.sum()), bool)))
        self._living = int(self.alive.sum())

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Remove rows."""
        self.alive[np.isin(self.ids, ids)] = False
        self._living = int(self.alive.sum())

    def search_ids(
        self, queries: NDArray[np.float32], k: int, allowed: Allowed | None = None
    ) -> Found:
        """As :meth:`search`, with the ids of rows instead of positions."""
        mask = None if allowed is None else allowed.mask_over(self.ids)
        scores, positions = self.search(queries, k, mask)
        return scores, np.where(positions >= 0, self.ids[positions], -1)

    def search(
        self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.bool_] | None = None
    ) -> Found:
        """The best positions among the allowed ones (by default all), padded with -1."""
        if allowed is None and self._living == len(self.ids):
            return self.index.search(queries, k, None)
        chosen = self.alive if allowed is None else self.alive & allowed
        return self.index.search(queries, k, chosen)
