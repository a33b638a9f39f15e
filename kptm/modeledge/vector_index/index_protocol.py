"""What every index of vectors can do, whichever engine searches it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kptm.modeledge.vector_index.faiss_index import Found


@dataclass(slots=True)
class Allowed:
    """The rows that pass a filter.

    Attributes:
        ids: The ids of the rows, sorted.
        mask: Whether the row at each position of an index in memory passes; None until asked for.
    """

    ids: NDArray[np.int64]
    mask: NDArray[np.bool_] | None = None

    def mask_over(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether the row at each position passes; computed once, for the ids of one index."""
        if self.mask is None:
            self.mask = np.isin(ids, self.ids)
        return self.mask


class VectorIndex(Protocol):
    """The vectors of a space's live rows, of length 1, each under the id of its row.

    The rows in SQL are authoritative: an index may be lost, and is then filled from them again.
    """

    @property
    def kind(self) -> str:
        """The kind of index, as reports name it."""
        ...

    @property
    def is_exact(self) -> bool:
        """Whether every search, with a filter or without, compares all rows that it may return."""
        ...

    @property
    def needs_rebuild(self) -> bool:
        """Whether the index should be rebuilt, because many rows were removed."""
        ...

    @property
    def living(self) -> NDArray[np.int64]:
        """The ids of the live rows."""
        ...

    def __len__(self) -> int:
        """The number of live rows."""
        ...

    def has(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each of the ids is a live row of the index."""
        ...

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Add rows that the index does not have; vectors have shape (ids, dim)."""
        ...

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Remove rows."""
        ...

    def search_ids(
        self, queries: NDArray[np.float32], k: int, allowed: Allowed | None = None
    ) -> Found:
        """Similarities and ids, shape (queries, k), best first; the id -1 means no result.

        Args:
            queries: Vectors of length 1, shape (queries, dim).
            k: The number of results.
            allowed: The rows that may be returned; the filter applies before the search, so that k
                rows are returned whenever k rows pass. None allows all.

        Raises:
            ModeledgeError: The engine cannot apply this filter before its search.
        """
        ...
