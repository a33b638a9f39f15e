"""Builds an index from the rows and measures its recall on held-out vectors."""

from __future__ import annotations

from dataclasses import dataclass
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

    Progress = Callable[[int], None]

AUDITED = 2_000
"""Held-out query vectors; with this many the recall is known to about a hundredth."""

FEWEST = 1_000
"""With fewer vectors, no cells are trained and none are held out."""

NEAREST = 10
"""The k of recall@k."""

WIDER = 8
"""Over-fetch factor: compressed kinds return this many times k, re-ranked by exact similarity."""

TRAINED = 40
"""Training vectors per cell."""

WIDE = 64
"""The least number of results to re-rank: compressed similarities may rank the best one low."""

Index = FlatIndex | ApproximateIndex


@dataclass(frozen=True, slots=True)
class Built:
    """An index, and how it was built.

    Attributes:
        index: It.
        seq: The line of the log up to which it has the rows.
        recall: Recall@10 for held-out queries; 1 if search is exact.
        wanted: The configured kind; the index is flat if its recall was too low.
        audited: The recall of the configured kind.
    """

    index: Index
    seq: int
    recall: float
    wanted: str
    audited: float


def build(
    sql: Sql,
    space: VectorSpace,
    config: IndexConfig,
    asked: int = 0,
    progress: Progress | None = None,
) -> Built:
    """Build the index of a space.

    Args:
        sql: A transaction that sees one state.
        space: The space.
        config: The configured kind and target.
        asked: Number of single queries so far.
        progress: Called with the number of vectors read, over all passes.
    """
    seq = oplog.position(sql)
    ids = oplog.living(sql, space.id)
    kind = config.kind
    if kind == "auto":
        queries = asked if config.queries is None else config.queries
        kind = choose(len(ids), space.dim, queries, config.memory)
    if kind == "flat" or len(ids) <= FEWEST:
        return Built(flat(sql, space, len(ids), progress), seq, 1.0, kind, 1.0)
    index, recall = _build_and_audit(sql, space, kind, ids, config.seed, progress)
    if recall < config.target:
        return Built(flat(sql, space, len(ids), progress), seq, 1.0, kind, recall)
    return Built(index, seq, recall, kind, recall)


def flat(sql: Sql, space: VectorSpace, count: int, progress: Progress | None = None) -> FlatIndex:
    """All vectors of a space, for exact search."""
    made = FlatIndex(space.dim, count)
    for ids, vectors in _count(record_rows.vectors(sql, space), progress):
        made.add(ids, unit(vectors))
    return made


def _build_and_audit(
    sql: Sql,
    space: VectorSpace,
    kind: str,
    ids: NDArray[np.int64],
    seed: int,
    progress: Progress | None,
) -> tuple[ApproximateIndex, float]:
    """Build an index of all rows; the held-out queries are added after its recall is measured."""
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(ids))
    # At most half of the rows are held out, so that enough are left to search in.
    audited = min(AUDITED, len(ids) // 2)
    held = np.sort(ids[chosen[:audited]])
    taught = TRAINED * cells_for(len(ids)) if kind in CELLS else 1
    # Cells are not trained on the queries, or recall would look too high.
    some = np.sort(ids[chosen[audited : audited + taught]])
    index = ApproximateIndex(FaissIndex.train_empty(kind, _gather(sql, space, some), len(ids)))
    queries = _gather(sql, space, held)
    # The exact nearest neighbours, merged page by page in the pass that fills the index.
    best = nearest(queries, queries[:0], NEAREST)
    for part, vectors in _count(record_rows.vectors(sql, space), progress):
        inside = ~np.isin(part, held)
        part, vectors = part[inside], unit(vectors[inside])
        index.add(part, vectors)
        scores, places = nearest(queries, vectors, NEAREST)
        best = merge(best, (scores, np.where(places >= 0, part[places], -1)), NEAREST)
    _, found = search_ids(sql, space, index, queries, NEAREST)
    shares = [
        len(np.intersect1d(got[got >= 0], true)) / len(true)
        for got, true in zip(found, best[1], strict=True)
    ]
    # Added last, because a query would find itself.
    index.add(held, queries)
    return index, float(np.mean(shares))


def search_ids(
    sql: Sql,
    space: VectorSpace,
    index: ApproximateIndex,
    queries: NDArray[np.float32],
    k: int,
    allowed: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Similarities and ids of an index's results; compressed kinds are re-ranked exactly."""
    wide = max(k * WIDER, WIDE) if index.kind in COARSE else k
    scores, places = index.search(queries, wide, allowed)
    ids = np.where(places >= 0, index.ids[places], -1)
    return exact_nearest(sql, space, queries, ids, k) if wide > k else (scores, ids)


def exact_nearest(
    sql: Sql, space: VectorSpace, queries: NDArray[np.float32], ids: NDArray[np.int64], k: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The best ``k`` of each query's ids by exact similarity; -1 stands for no result."""
    wanted = np.unique(ids[ids >= 0])
    if not len(wanted):
        return np.full((len(ids), k), -np.inf, np.float32), np.full((len(ids), k), -1, np.int64)
    vectors = _gather(sql, space, wanted)
    # -1 reads the first vector here; its score is dropped below.
    places = np.searchsorted(wanted, np.maximum(ids, wanted[0]))
    scores = np.stack(
        [vectors[place] @ query for place, query in zip(places, queries, strict=True)]
    )
    scores = np.where(ids >= 0, scores, -np.inf).astype(np.float32)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, order, 1), np.take_along_axis(ids, order, 1)


def _gather(sql: Sql, space: VectorSpace, ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """The vectors of ids at length 1, read page by page into one array."""
    made = np.empty((len(ids), space.dim), np.float32)
    at = 0
    for part in record_rows.vectors_of(sql, space, ids.tolist()):
        made[at : at + len(part)] = unit(part)
        at += len(part)
    return made


def _count(
    pages: Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]], progress: Progress | None
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    done = 0
    for ids, vectors in pages:
        yield ids, vectors
        done += len(ids)
        if progress is not None:
            progress(done)
