"""The engine over a server of vectors: it feeds the server from the operation log.

    rows ──► log ──► add and remove ──► position, stored on the server after the rows

The position is written last. A process that is killed in between leaves an older position, and the
next one repeats the lines after it, which changes nothing that was already done.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from kptm.errors import ModeledgeError
from kptm.modeledge.engines.server_index import UNFINISHED, FeedPosition
from kptm.modeledge.sql import oplog, record_rows
from kptm.modeledge.vector_index import build_index
from kptm.modeledge.vector_index.build_index import Built
from kptm.modeledge.vector_index.cached_index import CachedIndex
from kptm.modeledge.vector_index.faiss_index import unit
from kptm.modeledge.vector_index.index_choice import IndexConfig

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kg.sql.cursor import Sql
    from kptm.modeledge.engines.server_index import ServerIndex, VectorServer
    from kptm.modeledge.sql.spaces import VectorSpace
    from kptm.modeledge.vector_index.build_index import Progress

KINDS = ("auto", "hnsw", "flat")
"""The kinds of index that servers have: an HNSW graph, or exact search."""

_logger = logging.getLogger(__name__)

QUERIES_PER_REQUEST = 100
"""The number of queries in one request when recall is measured."""


class ServerEngine:
    """Indexes on a server.

    Args:
        server: The server.
    """

    has_snapshots = False

    def __init__(self, server: VectorServer) -> None:
        self._server = server
        self._opened: dict[tuple[int, int], ServerIndex] = {}

    def open(self, sql: Sql, space: VectorSpace, cached: CachedIndex | None) -> CachedIndex | None:
        """The index of a space as the server has it now; None if it is missing or unfinished.

        Raises:
            ModeledgeError: The index belongs to another store, or the server cannot be reached.
        """
        index = self._index(sql, space)
        position = index.position()
        if position is None:
            return None
        self._check_store(sql, index, position)
        if position.seq == UNFINISHED:
            return None
        index.search_exactly(position.is_exact)
        query_count = 0 if cached is None else cached.query_count
        return CachedIndex(
            index, position.seq, position.operation, position.recall, query_count=query_count
        )

    def build(self, sql: Sql, space: VectorSpace) -> CachedIndex:
        """Fill the index of a space, or continue where a killed process stopped."""
        index = self._index(sql, space)
        if index.position() is None:
            self._create(sql, index)
        built = self._fill(sql, space, index, IndexConfig(), None)
        return CachedIndex(index, built.seq, oplog.newest(sql), built.recall)

    def rebuild(
        self,
        sql: Sql,
        space: VectorSpace,
        config: IndexConfig,
        query_count: int,
        progress: Progress | None,
    ) -> Built:
        """Rebuild the index of a space, and measure its recall.

        Raises:
            ModeledgeError: Servers have no index of the configured kind.
        """
        if config.kind not in KINDS:
            raise ModeledgeError(
                f"an index on a server is one of {', '.join(KINDS)}, not {config.kind!r}; FAISS has"
                ' it: engine = "faiss" under [modeledge]'
            )
        index = self._index(sql, space)
        self._create(sql, index)
        return self._fill(sql, space, index, config, progress)

    def note_position(self, sql: Sql, space: VectorSpace, cached: CachedIndex) -> None:
        """Store the position of an index, after comparing the number of its rows with the log."""
        index = self._index(sql, space)
        living = oplog.living(sql, space.id)
        # Two processes may feed one server at a time, and finish in the wrong order.
        if len(index) != len(living):
            _repair(sql, space, index, living)
        index.note_position(
            FeedPosition(
                cached.seq,
                cached.operation,
                oplog.time_of(sql, cached.operation),
                cached.recall,
                index.is_exact,
            )
        )

    def save(self, space: VectorSpace, cached: CachedIndex) -> None:
        """Do nothing: the server has stored everything."""

    def drop(self, sql: Sql) -> None:
        """Delete all indexes of the store on the server."""
        self._opened.clear()
        self._server.drop()

    def close(self) -> None:
        """Close the connection."""
        self._opened.clear()
        self._server.close()

    def _index(self, sql: Sql, space: VectorSpace) -> ServerIndex:
        key = space.id, oplog.newest_purge(sql)
        if key not in self._opened:
            self._opened[key] = self._server.index(space, key[1])
        return self._opened[key]

    def _check_store(self, sql: Sql, index: ServerIndex, position: FeedPosition) -> None:
        """Refuse an index that another store has filled."""
        if oplog.time_of(sql, position.operation) != position.at:
            raise ModeledgeError(
                f"{index.name}: another store, or another copy of this one, has filled this index"
                " on the server; name another collection under [modeledge] in kptm.toml, or, if"
                " this store was restored from a backup, build it anew: kptm index --kind auto"
            )

    def _create(self, sql: Sql, index: ServerIndex) -> None:
        index.create()
        newest = oplog.newest(sql)
        index.note_position(FeedPosition(UNFINISHED, newest, oplog.time_of(sql, newest)))

    def _fill(
        self,
        sql: Sql,
        space: VectorSpace,
        index: ServerIndex,
        config: IndexConfig,
        progress: Progress | None,
    ) -> Built:
        """Add the rows that the index lacks, measure its recall, and store its position."""
        seq, newest = oplog.position(sql), oplog.newest(sql)
        ids = oplog.living(sql, space.id)
        is_measured = config.kind != "flat" and len(ids) > build_index.MAX_EXACT_VECTORS
        held_out = build_index.hold_out(ids, config.seed) if is_measured else ids[:0]
        add = index.add
        if len(index):  # a killed process has filled a part of it
            # Its queries may be among the rows already, and would find themselves.
            index.remove(held_out)
            add = _Adder(index).add_missing
        queries, exact = build_index.fill(sql, space, add, ids, held_out, progress)
        index.finish()
        index.search_exactly(not is_measured)
        audited = 1.0
        if is_measured:
            audited = _audit(index, queries, exact)
            index.add(held_out, queries)
            index.search_exactly(audited < config.target)
        if len(index) != len(ids):
            _repair(sql, space, index, ids)
        recall = 1.0 if index.is_exact else audited
        at = oplog.time_of(sql, newest)
        index.note_position(FeedPosition(seq, newest, at, recall, index.is_exact))
        wanted = "hnsw" if config.kind == "auto" else config.kind
        return Built(index, seq, recall, wanted, audited)


def _audit(index: ServerIndex, queries: NDArray[np.float32], exact: NDArray[np.int64]) -> float:
    """The recall of an index for queries with known neighbours, shape (queries, k)."""
    results = [
        index.search_ids(queries[start : start + QUERIES_PER_REQUEST], exact.shape[1])[1]
        for start in range(0, len(queries), QUERIES_PER_REQUEST)
    ]
    return build_index.recall_of(np.concatenate(results), exact)


class _Adder:
    """Adds the rows that an index lacks."""

    def __init__(self, index: ServerIndex) -> None:
        self._index = index

    def add_missing(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        missing = ~self._index.has(ids)
        self._index.add(ids[missing], vectors[missing])


def _repair(sql: Sql, space: VectorSpace, index: ServerIndex, living: NDArray[np.int64]) -> None:
    """Add the rows that an index lacks, and remove those that are not live."""
    stored = index.living
    surplus, missing = np.setdiff1d(stored, living), np.setdiff1d(living, stored)
    _logger.warning(
        "%s: the server lacked %s rows and had %s others; repaired from the rows in SQL",
        index.name,
        f"{len(missing):,}",
        f"{len(surplus):,}",
    )
    index.remove(surplus)
    start = 0
    for vectors in record_rows.vectors_of(sql, space, missing.tolist()):
        index.add(missing[start : start + len(vectors)], unit(vectors))
        start += len(vectors)
