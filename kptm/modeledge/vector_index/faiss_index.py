"""Exact search in an array, and approximate indexes. Only this module imports FAISS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import faiss
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

Found = tuple["NDArray[np.float32]", "NDArray[np.int64]"]
"""Similarities and positions, shape (queries, k), best first; the position -1 means no result."""

APPROXIMATE = ("hnsw", "ivf", "ivf-sq8", "ivf-pq")
"""Approximate kinds: HNSW graph; inverted file; the same with 8-bit or product quantisation."""

COARSE = ("ivf-sq8", "ivf-pq")
"""Kinds with compressed vectors; their results are re-ranked by exact similarity."""

CELLS = ("ivf", "ivf-sq8", "ivf-pq")
"""Kinds whose cells are trained on a sample."""

SEED = 0
TRAINING_VECTORS_PER_CENTROID = 64
"""Training vectors per centroid of a product quantiser; more take minutes and improve nothing."""

_faiss: Any = faiss  # its stubs are incomplete


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Normalise rows to length 1; a zero row stays zero."""
    # Scaled first, because the squares of large numbers would overflow float32. Ufuncs are called
    # directly: the functions around them take longer than a search waits for a single query.
    largest = np.maximum.reduce(np.abs(vectors), axis=1, keepdims=True, initial=0.0)
    largest[largest == 0] = 1.0
    scaled = vectors / largest
    lengths = np.sqrt(np.add.reduce(scaled * scaled, axis=1, keepdims=True))
    scaled /= np.maximum(lengths, np.float32(1e-30))
    return np.ascontiguousarray(scaled, dtype=np.float32)


def nearest(queries: NDArray[np.float32], rows: NDArray[np.float32], k: int) -> Found:
    """Find the ``k`` rows of largest inner product by exact search, without copying the rows."""
    if not len(rows) or not len(queries) or k < 1:
        empty = np.full((len(queries), max(k, 0)), -1, np.int64)
        return np.full(empty.shape, -np.inf, np.float32), empty
    scores, positions = _faiss.knn(queries, rows, k, metric=_faiss.METRIC_INNER_PRODUCT)
    return scores, positions


def nearest_of(
    queries: NDArray[np.float32],
    rows: NDArray[np.float32],
    k: int,
    allowed: NDArray[np.bool_],
) -> Found:
    """Find the ``k`` rows of largest inner product among the allowed positions, by exact search."""
    if not len(rows) or not len(queries) or k < 1:
        return nearest(queries, rows[:0], k)
    queries, rows = (np.ascontiguousarray(part, dtype=np.float32) for part in (queries, rows))
    scores = np.empty((len(queries), k), np.float32)
    positions = np.empty((len(queries), k), np.int64)
    bits = np.packbits(allowed, bitorder="little")
    _faiss.knn_inner_product(
        *map(_faiss.swig_ptr, (queries, rows)),
        *(rows.shape[1], len(queries), len(rows), k),
        *map(_faiss.swig_ptr, (scores, positions)),
        _faiss.IDSelectorBitmap(bits),
    )
    return scores, positions


class FaissIndex:
    """A FAISS index over positions, which count from 0.

    Args:
        kind: One of :data:`APPROXIMATE`.
        index: The FAISS object.
    """

    def __init__(self, kind: str, index: Any) -> None:
        self.kind = kind
        self._index = index
        # Read once, because each access to a part of FAISS's object costs microseconds.
        self._breadth = index.hnsw.efSearch if kind == "hnsw" else 0

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @classmethod
    def train_empty(cls, kind: str, sample: NDArray[np.float32], count: int) -> FaissIndex:
        """Train an empty index on a sample, for about ``count`` vectors of length 1."""
        dim = sample.shape[1]
        cells = cells_for(count)
        # FAISS splits vectors into parts of equal width; each has at least four numbers here.
        codes = max(part for part in range(1, max(2, dim // 4 + 1)) if dim % part == 0)
        factory = {
            "hnsw": "HNSW32",
            "ivf": f"IVF{cells},Flat",
            "ivf-sq8": f"IVF{cells},SQ8",
            "ivf-pq": f"IVF{cells},PQ{codes}np",  # "np": without polysemous codes, slow to train
        }[kind]
        index = _faiss.index_factory(dim, factory, _faiss.METRIC_INNER_PRODUCT)
        if kind == "hnsw":
            index.hnsw.efSearch = 64
        else:
            index.nprobe = max(8, cells // 32)
            index.cp.seed = SEED
            # FAISS need not warn of too few training vectors, because recall is measured.
            index.cp.min_points_per_centroid = 1
        if kind == "ivf-pq":
            index.pq.cp.seed = SEED
            index.pq.cp.min_points_per_centroid = 1
            index.pq.cp.max_points_per_centroid = TRAINING_VECTORS_PER_CENTROID
        if not index.is_trained:
            index.train(sample)
        return cls(kind, index)

    def add(self, vectors: NDArray[np.float32]) -> None:
        """Append rows."""
        self._index.add(vectors)

    def search(
        self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.bool_] | None
    ) -> Found:
        """Search for the ``k`` best positions among the ``allowed`` ones (all if None)."""
        if allowed is None and (self.kind != "hnsw" or 2 * k <= self._breadth):
            scores, positions = self._index.search(queries, k)
            return scores, positions
        selector, bits = None, None
        if allowed is not None:
            bits = np.packbits(allowed, bitorder="little")
            # The selector does not copy the bits, so this variable must outlive the search.
            selector = _faiss.IDSelectorBitmap(bits)
        if self.kind == "hnsw":
            parameters = _faiss.SearchParametersHNSW(
                sel=selector, efSearch=max(2 * k, self._breadth)
            )
        else:
            parameters = _faiss.SearchParametersIVF(sel=selector, nprobe=self._index.nprobe)
        scores, positions = self._index.search(queries, k, params=parameters)
        return scores, positions

    def save(self, path: Path) -> None:
        """Write the index to a file."""
        _faiss.write_index(self._index, str(path))

    @classmethod
    def load(cls, kind: str, path: Path) -> FaissIndex:
        """Read an index from a file; the caller has checked its checksum.

        The file is not memory-mapped, because FAISS aborts the process when a row is added to a
        mapped index.
        """
        return cls(kind, _faiss.read_index(str(path)))


def cells_for(count: int) -> int:
    """The number of cells of an inverted file: 4 √n as FAISS advises, or one per 39 vectors."""
    return int(max(1, min(4 * count**0.5, count // 39)))
