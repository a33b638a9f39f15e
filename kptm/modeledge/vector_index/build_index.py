"""Builds an index from the rows and measures its recall on held-out vectors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from kptm.modeledge.sql import oplog, record_rows
from kptm.modeledge.vector_index.approximate_index import ApproximateIndex
from kptm.modeledge.vector_index.faiss_index import (
    CELLS,
    COARSE,
    FaissIndex,
    cells_for,
    nearest,
    unit,
)
from kptm.modeledge.vector_index.flat_index import FlatIndex, merge
from kptm.modeledge.vector_index.index_choice import choose

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from kg.sql.cursor import Sql
    from kptm.modeledge.sql.spaces import VectorSpace
    from kptm.modeledge.vector_index.index_choice import IndexConfig
    from kptm.modeledge.vector_index.index_protocol import Allowed, VectorIndex

    Progress = Callable[[int], None]

RECALL_QUERIES = 2_000
"""The number of held-out queries, enough to measure recall to about a hundredth."""

MAX_EXACT_VECTORS = 1_000
"""With no more vectors than this, search is exact."""

RECALL_K = 10
"""The k of recall@k."""

OVERFETCH = 8
"""Over-fetch factor: compressed kinds return 8·k results, which are re-ranked exactly."""

TRAINING_VECTORS_PER_CELL = 40
"""Training vectors per cell."""

MIN_RERANKED = 64
"""The least number of results to re-rank, because compressed vectors may rank the best one low."""


@dataclass(frozen=True, slots=True)
class Built:
    """An index, and how it was built.

    Attributes:
        index: The index.
        seq: The line of the log up to which the index has the rows.
        recall: Recall@10 for held-out queries; 1 if search is exact.
        wanted: The configured kind; if its recall was too low, the index is flat instead.
        audited: The recall of the configured kind.
    """

    index: VectorIndex
    seq: int
    recall: float
    wanted: str
    audited: float


def build(
    sql: Sql,
    space: VectorSpace,
    config: IndexConfig,
    query_count: int = 0,
    progress: Progress | None = None,
) -> Built:
    """Build the index of a space.

    Args:
        sql: A transaction that sees one state of the store.
        space: The space.
        config: The configured kind and target.
        query_count: The number of single queries so far.
        progress: Called with the number of vectors read.
    """
    seq = oplog.position(sql)
    ids = oplog.living(sql, space.id)
    return build_rows(sql, space, resolve(config, space, len(ids), query_count), ids, seq, progress)


def resolve(config: IndexConfig, space: VectorSpace, count: int, query_count: int) -> IndexConfig:
    """The configuration with the kind that the rule chooses for ``count`` rows, if it is "auto"."""
    if config.kind != "auto":
        return config
    queries = query_count if config.queries is None else config.queries
    return replace(config, kind=choose(count, space.dim, queries, config.memory))


def build_rows(
    sql: Sql,
    space: VectorSpace,
    config: IndexConfig,
    ids: NDArray[np.int64],
    seq: int,
    progress: Progress | None = None,
) -> Built:
    """Build an index of the live rows between the first and the last of ``ids``.

    Args:
        sql: A transaction that sees one state of the store.
        space: The space.
        config: The kind, which is not "auto", and the target.
        ids: All live ids of the space, or those in a range of ids, sorted.
        seq: The newest line of the log in this transaction.
        progress: Called with the number of vectors read.
    """
    if config.kind == "flat" or len(ids) <= MAX_EXACT_VECTORS:
        return Built(flat(sql, space, ids, progress), seq, 1.0, config.kind, 1.0)
    index, recall = _build_and_audit(sql, space, config.kind, ids, config.seed, progress)
    if recall < config.target:
        return Built(flat(sql, space, ids, progress), seq, 1.0, config.kind, recall)
    return Built(index, seq, recall, config.kind, recall)


def flat(
    sql: Sql, space: VectorSpace, ids: NDArray[np.int64], progress: Progress | None = None
) -> FlatIndex:
    """Build an index of the live rows between the first and last of ``ids``, for exact search."""
    index = FlatIndex(space.dim, len(ids))
    for page_ids, vectors in _count(record_rows.vectors(sql, space, _span(ids)), progress):
        index.add(page_ids, unit(vectors))
    return index


def _span(ids: NDArray[np.int64]) -> range:
    """The ids from the first to the last of sorted ones."""
    return range(int(ids[0]), int(ids[-1]) + 1) if len(ids) else range(0)


def _build_and_audit(
    sql: Sql,
    space: VectorSpace,
    kind: str,
    ids: NDArray[np.int64],
    seed: int,
    progress: Progress | None,
) -> tuple[ApproximateIndex, float]:
    """Build an index of all rows, and measure its recall before the held-out queries are added."""
    order, held_count = _shuffle(ids, seed)
    training_count = TRAINING_VECTORS_PER_CELL * cells_for(len(ids)) if kind in CELLS else 1
    # Cells are not trained on the queries, since recall would then be overestimated.
    training = np.sort(order[held_count : held_count + training_count])
    index = ApproximateIndex(FaissIndex.train_empty(kind, _gather(sql, space, training), len(ids)))
    held_out = hold_out(ids, seed)
    queries, exact = fill(sql, space, index.add, ids, held_out, progress)
    _, results = search_ids(sql, space, index, queries, RECALL_K)
    # Added last, because a query would find itself.
    index.add(held_out, queries)
    return index, recall_of(results, exact)


def _shuffle(ids: NDArray[np.int64], seed: int) -> tuple[NDArray[np.int64], int]:
    """The ids in random order, and how many of the first are held out as queries."""
    # At most half of the rows are held out, so that enough rows remain to be searched.
    return ids[np.random.default_rng(seed).permutation(len(ids))], min(
        RECALL_QUERIES, len(ids) // 2
    )


def hold_out(ids: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """The ids of the rows that measure recall as queries, sorted."""
    order, held_count = _shuffle(ids, seed)
    return np.sort(order[:held_count])


def fill(
    sql: Sql,
    space: VectorSpace,
    add: Callable[[NDArray[np.int64], NDArray[np.float32]], None],
    ids: NDArray[np.int64],
    held_out: NDArray[np.int64],
    progress: Progress | None,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Add all rows but those held out; return these as queries, with their exact neighbours.

    Args:
        sql: A transaction that sees one state of the store.
        space: The space.
        add: Adds a page of ids with their vectors of length 1.
        ids: All live ids of the space, or those in a range of ids, sorted.
        held_out: The ids that are held out.
        progress: Called with the number of vectors read.

    Returns:
        The queries, shape (held_out, dim), and the ids of their :data:`RECALL_K` nearest added
        rows.
    """
    queries = _gather(sql, space, held_out)
    # The exact nearest neighbours, merged page by page in the pass that fills the index.
    exact = nearest(queries, queries[:0], RECALL_K)
    for page_ids, page_vectors in _count(record_rows.vectors(sql, space, _span(ids)), progress):
        is_indexed = ~np.isin(page_ids, held_out)
        indexed_ids, vectors = page_ids[is_indexed], unit(page_vectors[is_indexed])
        add(indexed_ids, vectors)
        if not len(vectors):
            continue
        scores, positions = nearest(queries, vectors, RECALL_K)
        exact = merge(
            exact, (scores, np.where(positions >= 0, indexed_ids[positions], -1)), RECALL_K
        )
    return queries, exact[1]


def recall_of(results: NDArray[np.int64], exact: NDArray[np.int64]) -> float:
    """The mean share of each query's exact neighbours, shape (queries, k), that was found."""
    recalls = [
        len(np.intersect1d(result[result >= 0], gold)) / len(gold)
        for result, gold in zip(results, exact, strict=True)
    ]
    return float(np.mean(recalls))


def search_ids(
    sql: Sql,
    space: VectorSpace,
    index: VectorIndex,
    queries: NDArray[np.float32],
    k: int,
    allowed: Allowed | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Similarities and ids of an index's results; compressed kinds are re-ranked exactly."""
    wide = max(k * OVERFETCH, MIN_RERANKED) if index.kind in COARSE else k
    scores, ids = index.search_ids(queries, wide, allowed)
    return exact_nearest(sql, space, queries, ids, k) if wide > k else (scores, ids)


def exact_nearest(
    sql: Sql, space: VectorSpace, queries: NDArray[np.float32], ids: NDArray[np.int64], k: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The best ``k`` of each query's ids by exact similarity; the id -1 means no result."""
    wanted = np.unique(ids[ids >= 0])
    if not len(wanted):
        return np.full((len(ids), k), -np.inf, np.float32), np.full((len(ids), k), -1, np.int64)
    vectors = _gather(sql, space, wanted)
    # The id -1 gets the first vector here; its score is replaced by -inf below.
    positions = np.searchsorted(wanted, np.maximum(ids, wanted[0]))
    scores = np.stack(
        [vectors[place] @ query for place, query in zip(positions, queries, strict=True)]
    )
    scores = np.where(ids >= 0, scores, -np.inf).astype(np.float32)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, order, 1), np.take_along_axis(ids, order, 1)


def _gather(sql: Sql, space: VectorSpace, ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """The normalised vectors of ids, read page by page into one array."""
    vectors = np.empty((len(ids), space.dim), np.float32)
    start = 0
    for page in record_rows.vectors_of(sql, space, ids.tolist()):
        vectors[start : start + len(page)] = unit(page)
        start += len(page)
    return vectors


def _count(
    pages: Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]], progress: Progress | None
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Yield pages, and report the number of vectors so far after each."""
    vector_count = 0
    for ids, vectors in pages:
        yield ids, vectors
        vector_count += len(ids)
        if progress is not None:
            progress(vector_count)
