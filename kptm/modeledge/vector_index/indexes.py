"""The indexes of a store, one per space, each updated before a search.

in memory, or from the snapshot, or from the rows ──► later changes in the log ──► search
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import numpy as np

from kg.errors import StoreError
from kptm.errors import ModeledgeError
from kptm.modeledge.sql import oplog, record_rows
from kptm.modeledge.vector_index import build_index, filters, snapshots
from kptm.modeledge.vector_index.approximate_index import ApproximateIndex
from kptm.modeledge.vector_index.cached_index import Allowed, CachedIndex
from kptm.modeledge.vector_index.faiss_index import COARSE, nearest, unit
from kptm.modeledge.vector_index.flat_index import merge

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from kg.sql.cursor import Sql
    from kg.sql.database import Database
    from kptm.modeledge.records import RecordFilter
    from kptm.modeledge.sql.spaces import VectorSpace
    from kptm.modeledge.vector_index.build_index import Built, Index
    from kptm.modeledge.vector_index.index_choice import IndexConfig

    Found = tuple[NDArray[np.float32], NDArray[np.int64]]

SNAPSHOT_FROM = 10_000
"""With at least this many rows, a snapshot opens faster than the rows are read."""

FEW = 0.1
"""If a filter lets no larger share of a space pass, its rows are compared one by one."""

DUE = 0.1
"""A snapshot is written anew if at least this share of rows has changed; fewer are replayed."""

_logger = logging.getLogger(__name__)


class Indexes:
    """The indexes over a database's spaces.

    Args:
        database: The database of the rows.
        root: The folder of the snapshots; None for no snapshots.
    """

    def __init__(self, database: Database, root: Path | None) -> None:
        self._database = database
        self.root = root
        self._cached: dict[int, CachedIndex] = {}
        self._lock = threading.RLock()

    def forget(self) -> None:
        """Drop the indexes in memory."""
        with self._lock:
            self._cached.clear()

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
            cached.asked += len(queries) == 1
            if where is None or where.is_empty:
                if isinstance(cached.index, ApproximateIndex):
                    return self._search_approximate(space, cached.index, queries, k, None)
                return _as_ids(cached.index, cached.index.search(queries, k))
            allowed = self._allowed_rows(space, cached, where)
            if where.operation is not None or not len(allowed.ids):
                return self._one_by_one(space, queries, k, allowed.ids)
            if isinstance(cached.index, ApproximateIndex):
                return self._search_approximate(space, cached.index, queries, k, allowed)
            return _as_ids(cached.index, cached.index.search(queries, k, allowed.mask))

    def _search_approximate(
        self,
        space: VectorSpace,
        index: ApproximateIndex,
        queries: NDArray[np.float32],
        k: int,
        allowed: Allowed | None,
    ) -> Found:
        """Search an approximate index; for queries with too few results, compare all rows."""
        wanted = len(index) if allowed is None else len(allowed.ids)
        if allowed is not None and wanted <= FEW * len(index):
            return self._one_by_one(space, queries, k, allowed.ids)
        mask = None if allowed is None else allowed.mask
        if index.kind in COARSE:
            with self._database.quick() as sql:
                scores, ids = build_index.search_ids(sql, space, index, queries, k, mask)
        else:
            scores, ids = index.search_ids(queries, k, mask)
        if ids.min() < 0 and (short := (ids >= 0).sum(1) < min(k, wanted)).any():
            live_ids = index.living if allowed is None else allowed.ids
            scores[short], ids[short] = self._one_by_one(space, queries[short], k, live_ids)
        return scores, ids

    def _one_by_one(
        self, space: VectorSpace, queries: NDArray[np.float32], k: int, ids: NDArray[np.int64]
    ) -> Found:
        """Search the given rows exactly, without an index."""
        best = nearest(queries, queries[:0], k)
        at = 0
        with self._database.quick() as sql:
            for vectors in record_rows.vectors_of(sql, space, ids.tolist()):
                scores, places = nearest(queries, unit(vectors), k)
                best = merge(best, (scores, np.where(places >= 0, ids[at + places], -1)), k)
                at += len(vectors)
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
        return cached.remember(where, Allowed(ids, np.isin(cached.index.ids, ids)))

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
            return self._update(sql, space, cached)

    def _update(self, sql: Sql, space: VectorSpace, cached: CachedIndex | None) -> CachedIndex:
        """Update the index of a space to the state of a transaction; open or build it if needed."""
        if self._database.in_transaction:
            # The writes of the transaction may be rolled back, so the index is not cached.
            return self._build_index(sql, space)
        if cached is not None and cached.seq > oplog.position(sql):
            # Another thread has updated the cached index past the state of this transaction.
            return self._build_index(sql, space)
        cached = cached or self._open_snapshot(sql, space)
        if cached is not None and oplog.purged_since(sql, cached.operation):
            cached = None  # it may still contain purged rows, though masked
        if cached is not None:
            self._replay(sql, space, cached)
        if cached is None or (
            isinstance(cached.index, ApproximateIndex) and cached.index.needs_rebuild
        ):
            cached = self._build_index(sql, space)
        self._cached[space.id] = cached
        return cached

    def build(
        self, space: VectorSpace, config: IndexConfig, progress: build_index.Progress | None
    ) -> Built:
        """Build the index anew as configured, and write its snapshot.

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
            asked = 0 if before is None else before.asked
            del before  # frees memory for the new index
            with self._database.reading() as sql:
                built = build_index.build(sql, space, config, asked, progress)
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
            if cached is None or self.root is None or cached.saved == cached.seq:
                return
            if self._database.in_transaction:
                return
            if snapshots.save(self._database, self.root, space, cached) is not None:
                cached.saved, cached.unsaved = cached.seq, 0

    def save_due(self, spaces: list[VectorSpace]) -> None:
        """Write the snapshots that will save time; errors of writing are only logged."""
        for space in spaces:
            cached = self._cached.get(space.id)
            if cached is None or len(cached.index) < SNAPSHOT_FROM:
                continue
            if cached.saved >= 0 and cached.unsaved < DUE * len(cached.index):
                continue
            try:
                self.save(space)
            except (OSError, StoreError) as error:
                _logger.warning("no snapshot of %s was written: %s", space.name, error)

    def drop(self, sql: Sql) -> None:
        """Delete all snapshots and the indexes in memory."""
        self.forget()
        snapshots.drop(sql, self.root)

    def _open_snapshot(self, sql: Sql, space: VectorSpace) -> CachedIndex | None:
        """The index of the snapshot; None if there is none or its checksum is wrong."""
        snapshot = None if self.root is None else snapshots.of(sql, space)
        if self.root is None or snapshot is None:
            return None
        index = snapshots.load(self.root, snapshot)
        if index is None:
            _logger.warning(
                "the snapshot of %s is damaged or gone; it is rebuilt from the rows", space.name
            )
            return None
        # A purge deletes all snapshots, so this one is newer than every purge.
        return CachedIndex(
            index, snapshot.seq, oplog.newest(sql), snapshot.recall, saved=snapshot.seq
        )

    def _build_index(self, sql: Sql, space: VectorSpace) -> CachedIndex:
        count = len(oplog.living(sql, space.id))
        return CachedIndex(
            build_index.flat(sql, space, count), oplog.position(sql), oplog.newest(sql)
        )

    def _replay(self, sql: Sql, space: VectorSpace, cached: CachedIndex) -> None:
        """Apply later changes of the log: add rows that are live now, remove the others."""
        live, dead = oplog.changed_since(sql, space.id, cached.seq)
        indexed = cached.index.living
        new = live[~np.isin(live, indexed)]
        removed = dead[np.isin(dead, indexed)]
        if len(removed):
            cached.index.remove(removed)
        at = 0
        for vectors in record_rows.vectors_of(sql, space, new.tolist()):
            cached.index.add(new[at : at + len(vectors)], unit(vectors))
            at += len(vectors)
        cached.seq, cached.operation = oplog.position(sql), oplog.newest(sql)
        cached.unsaved += len(new) + len(removed)
        cached.allowed.clear()


def _is_current(cached: CachedIndex, sql: Sql) -> bool:
    return (cached.seq, cached.operation) == oplog.state(sql)


def _as_ids(index: Index, results: Found) -> Found:
    """Results with the ids of rows instead of positions in the index."""
    scores, places = results
    if not len(index.ids):
        return scores, places
    return scores, np.where(places >= 0, index.ids[places], -1)
