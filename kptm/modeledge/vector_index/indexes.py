"""The indexes of a store, one per space, each updated before a search.

in memory, or from the engine, or from the rows ──► later changes in the log ──► search
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import numpy as np

from kg.errors import StoreError
from kptm.errors import ModeledgeError
from kptm.modeledge.engines.faiss_engine import FaissEngine
from kptm.modeledge.sql import oplog, record_rows
from kptm.modeledge.vector_index import build_index, filters
from kptm.modeledge.vector_index.cached_index import CachedIndex
from kptm.modeledge.vector_index.faiss_index import COARSE, nearest, unit
from kptm.modeledge.vector_index.flat_index import merge
from kptm.modeledge.vector_index.index_protocol import Allowed

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from kg.sql.cursor import Sql
    from kg.sql.database import Database
    from kptm.modeledge.engines.vector_engine import VectorEngine
    from kptm.modeledge.records import RecordFilter
    from kptm.modeledge.sql.spaces import VectorSpace
    from kptm.modeledge.vector_index.build_index import Built
    from kptm.modeledge.vector_index.index_choice import IndexConfig
    from kptm.modeledge.vector_index.index_protocol import VectorIndex

    Found = tuple[NDArray[np.float32], NDArray[np.int64]]

MIN_SNAPSHOT_ROWS = 10_000
"""With at least this many rows, a snapshot opens faster than the rows are read."""

MAX_SHARE_COMPARED = 0.1
"""If a filter lets no larger share of a space pass, its rows are compared one by one."""

MAX_REPLAYED_SHARE = 0.1
"""The share of changed rows at which a snapshot is rewritten; fewer changes are replayed."""

_logger = logging.getLogger(__name__)


class Indexes:
    """The indexes over a database's spaces.

    Args:
        database: The database of the rows.
        root: The folder of the snapshots; None for no snapshots.
        engine: What stores the indexes between processes; FAISS by default.
    """

    def __init__(
        self, database: Database, root: Path | None, engine: VectorEngine | None = None
    ) -> None:
        self._database = database
        self.root = root
        self._engine: VectorEngine = engine or FaissEngine(database, root)
        self._cached: dict[int, CachedIndex] = {}
        self._lock = threading.RLock()

    def forget(self) -> None:
        """Drop the indexes in memory."""
        with self._lock:
            self._cached.clear()

    def close(self) -> None:
        """Drop the indexes in memory, and close the connection of their engine."""
        self.forget()
        self._engine.close()

    def search(
        self,
        space: VectorSpace,
        queries: NDArray[np.float32],
        k: int,
        where: RecordFilter | None,
        state: tuple[int, int],
    ) -> Found:
        """Similarities and ids, shape (queries, k), best first; padded with -1.

        Args:
            space: The space.
            queries: Shape (queries, dim).
            k: The number of results.
            where: A filter of the records; None takes all.
            state: The present state of the store; see :func:`oplog.state`.
        """
        queries = unit(queries)
        with self._lock:
            cached = self._cached.get(space.id)
            if cached is None or (cached.seq, cached.operation) != state:
                cached = self.current(space)
            cached.query_count += len(queries) == 1
            allowed = None
            if where is not None and not where.is_empty:
                allowed = self._allowed_rows(space, cached, where)
                if where.operation is not None or not len(allowed.ids):
                    return self._one_by_one(space, queries, k, allowed.ids)
            if cached.index.is_exact:
                return cached.index.search_ids(queries, k, allowed)
            return self._search_approximate(space, cached.index, queries, k, allowed)

    def _search_approximate(
        self,
        space: VectorSpace,
        index: VectorIndex,
        queries: NDArray[np.float32],
        k: int,
        allowed: Allowed | None,
    ) -> Found:
        """Search an approximate index; for queries with too few results, compare all rows."""
        wanted = len(index) if allowed is None else len(allowed.ids)
        if allowed is not None and wanted <= MAX_SHARE_COMPARED * len(index):
            return self._one_by_one(space, queries, k, allowed.ids)
        if index.kind in COARSE:
            with self._database.quick() as sql:
                scores, ids = build_index.search_ids(sql, space, index, queries, k, allowed)
        else:
            scores, ids = index.search_ids(queries, k, allowed)
        if ids.min() < 0 and (short := (ids >= 0).sum(1) < min(k, wanted)).any():
            live_ids = index.living if allowed is None else allowed.ids
            scores[short], ids[short] = self._one_by_one(space, queries[short], k, live_ids)
        return scores, ids

    def _one_by_one(
        self, space: VectorSpace, queries: NDArray[np.float32], k: int, ids: NDArray[np.int64]
    ) -> Found:
        """Search the given rows exactly, without an index."""
        best = nearest(queries, queries[:0], k)
        start = 0
        with self._database.quick() as sql:
            for vectors in record_rows.vectors_of(sql, space, ids.tolist()):
                scores, positions = nearest(queries, unit(vectors), k)
                best = merge(
                    best, (scores, np.where(positions >= 0, ids[start + positions], -1)), k
                )
                start += len(vectors)
        return best

    def _allowed_rows(
        self, space: VectorSpace, cached: CachedIndex, where: RecordFilter
    ) -> Allowed:
        """The rows that pass a filter, from the cache if they are there."""
        allowed = cached.allowed.get(where)
        if allowed is not None:
            return allowed
        with self._database.reading() as sql:
            ids = filters.ids_of(sql, space, where)
        return cached.remember(where, Allowed(ids))

    # ── updating ─────────────────────────────────────────────────────────────────────────────

    def current(self, space: VectorSpace, sql: Sql | None = None) -> CachedIndex:
        """The index of a space, updated to the state of a transaction, by default the newest."""
        with self._lock:
            cached = self._cached.get(space.id)
            if sql is None:
                with self._database.quick() as now:
                    if cached is not None and _is_current(cached, now):
                        return cached
                with self._database.reading() as now:
                    return self._update(now, space, cached)
            if cached is not None and _is_current(cached, sql):
                return cached
            return self._update(sql, space, cached)

    def _update(self, sql: Sql, space: VectorSpace, cached: CachedIndex | None) -> CachedIndex:
        """Update the index of a space to the state of a transaction; open or build it if needed."""
        if self._database.in_transaction:
            # The writes of the transaction may be rolled back, so the index is not cached.
            return self._build_unshared(sql, space)
        if cached is not None and cached.seq > oplog.position(sql):
            # Another thread has updated the cached index past the state of this transaction.
            return self._build_unshared(sql, space)
        cached = self._engine.open(sql, space, cached)
        if cached is not None:
            self._replay(sql, space, cached)
        if cached is None or cached.index.needs_rebuild:
            cached = self._engine.build(sql, space)
        self._cached[space.id] = cached
        return cached

    def _build_unshared(self, sql: Sql, space: VectorSpace) -> CachedIndex:
        """An index of the rows as one transaction sees them, in memory, for this search alone."""
        ids = oplog.living(sql, space.id)
        return CachedIndex(
            build_index.flat(sql, space, ids), oplog.position(sql), oplog.newest(sql)
        )

    def build(
        self, space: VectorSpace, config: IndexConfig, progress: build_index.Progress | None
    ) -> Built:
        """Rebuild the index as configured, and write its snapshot.

        Raises:
            ModeledgeError: The rows may still be rolled back, or the snapshot cannot be written.
        """
        if self._database.in_transaction:
            raise ModeledgeError(
                "an index cannot be built within a transaction; build it when the transaction has"
                " ended"
            )
        with self._lock:
            before = self._cached.pop(space.id, None)
            query_count = 0 if before is None else before.query_count
            del before  # frees memory for the new index
            with self._database.reading() as sql:
                built = self._engine.rebuild(sql, space, config, query_count, progress)
                newest = oplog.newest(sql)
            self._cached[space.id] = CachedIndex(built.index, built.seq, newest, built.recall)
            try:
                self.save(space)
            except OSError as error:
                raise ModeledgeError(
                    f"{self.root}: no snapshot can be written ({error})"
                ) from error
            return built

    def save(self, space: VectorSpace) -> None:
        """Write a snapshot of the index in memory if the stored snapshot is older."""
        with self._lock:
            cached = self._cached.get(space.id)
            if cached is not None:
                self._engine.save(space, cached)

    def save_due(self, spaces: list[VectorSpace]) -> None:
        """Write the snapshots that will save time; errors of writing are only logged."""
        for space in spaces:
            cached = self._cached.get(space.id)
            # A server has stored its index, and may be gone when a store is closed.
            if cached is None or self.root is None or not self._engine.has_snapshots:
                continue
            if len(cached.index) < MIN_SNAPSHOT_ROWS:
                continue
            if cached.saved >= 0 and cached.unsaved < MAX_REPLAYED_SHARE * len(cached.index):
                continue
            try:
                self.save(space)
            except (OSError, StoreError) as error:
                _logger.warning("no snapshot of %s was written: %s", space.name, error)

    def drop(self, sql: Sql) -> None:
        """Delete all indexes, those in memory too."""
        self.forget()
        self._engine.drop(sql)

    def _replay(self, sql: Sql, space: VectorSpace, cached: CachedIndex) -> None:
        """Apply later changes of the log: add rows that are live now, remove the others."""
        if cached.seq > oplog.position(sql):
            return  # another process has updated it past the state of this transaction
        live, dead = oplog.changed_since(sql, space.id, cached.seq)
        new = live[~cached.index.has(live)]
        removed = dead[cached.index.has(dead)]
        if len(removed):
            cached.index.remove(removed)
        start = 0
        for vectors in record_rows.vectors_of(sql, space, new.tolist()):
            cached.index.add(new[start : start + len(vectors)], unit(vectors))
            start += len(vectors)
        cached.seq, cached.operation = oplog.position(sql), oplog.newest(sql)
        cached.unsaved += len(new) + len(removed)
        cached.allowed.clear()
        self._engine.note_position(sql, space, cached)


def _is_current(cached: CachedIndex, sql: Sql) -> bool:
    return (cached.seq, cached.operation) == oplog.state(sql)
