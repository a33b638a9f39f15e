"""The indexes of a store, one per space, each updated before a search.

in memory, else snapshot, else rows ──► later changes in the log ──► search
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
from kptm.modeledge.vector_index.faiss_index import nearest, unit
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
"""From this number of rows on, a snapshot opens faster than the rows are read."""

FEW = 0.1
"""If a smaller share of a space passes a filter, its rows are compared one by one."""

DUE = 0.1
"""From this share of changed rows on, a new snapshot saves time; fewer are replayed quickly."""

_logger = logging.getLogger(__name__)


class Indexes:
    """The indexes over a database's spaces.

    Args:
        database: The database of the rows.
        root: The folder of snapshots; None for no snapshots.
    """

    def __init__(self, database: Database, root: Path | None) -> None:
        self._database = database
        self.root = root
        self._kept: dict[int, CachedIndex] = {}
        self._lock = threading.RLock()

    def forget(self) -> None:
        """Drop the indexes in memory."""
        with self._lock:
            self._kept.clear()

    def search(
        self,
        space: VectorSpace,
        queries: NDArray[np.float32],
        k: int,
        where: RecordFilter | None = None,
    ) -> Found:
        """Similarities and ids, shape (queries, k), best first; padded with -1."""
        queries = unit(queries)
        with self._lock:
            kept = self.current(space)
            kept.asked += len(queries) == 1
            if where is None or where.is_empty:
                if isinstance(kept.index, ApproximateIndex):
                    return self._partly(space, kept.index, queries, k, None)
                return _as_ids(kept.index, kept.index.search(queries, k))
            allowed = self._allowed_rows(space, kept, where)
            if where.operation is not None or not len(allowed.ids):
                return self._one_by_one(space, queries, k, allowed.ids)
            if isinstance(kept.index, ApproximateIndex):
                return self._partly(space, kept.index, queries, k, allowed)
            return _as_ids(kept.index, kept.index.search(queries, k, allowed.mask))

    def _partly(
        self,
        space: VectorSpace,
        index: ApproximateIndex,
        queries: NDArray[np.float32],
        k: int,
        allowed: Allowed | None,
    ) -> Found:
        """Search an approximate index; if it finds too few rows, compare all rows of the filter."""
        wanted = len(index) if allowed is None else len(allowed.ids)
        if allowed is not None and wanted <= FEW * len(index):
            return self._one_by_one(space, queries, k, allowed.ids)
        mask = None if allowed is None else allowed.mask
        with self._database.quick() as sql:
            scores, found = build_index.search_ids(sql, space, index, queries, k, mask)
        short = (found >= 0).sum(1) < min(k, wanted)
        if short.any():
            living = index.living if allowed is None else allowed.ids
            scores[short], found[short] = self._one_by_one(space, queries[short], k, living)
        return scores, found

    def _one_by_one(
        self, space: VectorSpace, queries: NDArray[np.float32], k: int, ids: NDArray[np.int64]
    ) -> Found:
        """Search the rows themselves, exactly."""
        best = nearest(queries, queries[:0], k)
        at = 0
        with self._database.quick() as sql:
            for vectors in record_rows.vectors_of(sql, space, ids.tolist()):
                scores, places = nearest(queries, unit(vectors), k)
                best = merge(best, (scores, np.where(places >= 0, ids[at + places], -1)), k)
                at += len(vectors)
        return best

    def _allowed_rows(self, space: VectorSpace, kept: CachedIndex, where: RecordFilter) -> Allowed:
        found = kept.allowed.get(where)
        if found is not None:
            return found
        with self._database.reading() as sql:
            ids = filters.ids_of(sql, space, where)
        return kept.remember(where, Allowed(ids, np.isin(kept.index.ids, ids)))

    # ── keeping up ───────────────────────────────────────────────────────────────────────────

    def current(self, space: VectorSpace, sql: Sql | None = None) -> CachedIndex:
        """The index of a space, current to the newest write or to the state of a transaction."""
        with self._lock:
            kept = self._kept.get(space.id)
            if sql is None:
                with self._database.quick() as now:
                    if kept is not None and _knows(kept, now):
                        return kept
                with self._database.reading() as now:
                    return self._caught_up(now, space, kept)
            return self._caught_up(sql, space, kept)

    def _caught_up(self, sql: Sql, space: VectorSpace, kept: CachedIndex | None) -> CachedIndex:
        if self._database.in_transaction:  # its writes may be rolled back
            return self._build_index(sql, space)
        if kept is not None and kept.seq > oplog.position(
            sql
        ):  # another thread is ahead of this transaction
            return self._build_index(sql, space)
        kept = kept or self._open_snapshot(sql, space)
        if kept is not None and oplog.purged_since(sql, kept.operation):
            kept = None  # it may still hold purged rows, masked
        if kept is not None:
            self._replay(sql, space, kept)
        if kept is None or (isinstance(kept.index, ApproximateIndex) and kept.index.needs_rebuild):
            kept = self._build_index(sql, space)
        self._kept[space.id] = kept
        return kept

    def build(
        self, space: VectorSpace, config: IndexConfig, progress: build_index.Progress | None
    ) -> Built:
        """Build the index anew as configured, and write its snapshot.

        Raises:
            ModeledgeError: The rows may still be rolled back, or the snapshot cannot be written.
        """
        if self._database.in_transaction:
            raise ModeledgeError(
                "an index is made of what is settled; build it when the transaction has ended"
            )
        with self._lock:
            before = self._kept.pop(space.id, None)
            asked = 0 if before is None else before.asked
            del before  # frees memory for the new index
            with self._database.reading() as sql:
                made = build_index.build(sql, space, config, asked, progress)
                newest = oplog.newest(sql)
            self._kept[space.id] = CachedIndex(made.index, made.seq, newest, made.recall)
            try:
                self.save(space)
            except OSError as error:
                raise ModeledgeError(
                    f"{self.root}: no snapshot can be written ({error})"
                ) from error
            return made

    def save(self, space: VectorSpace) -> None:
        """Write a snapshot of the index in memory if the stored snapshot is older."""
        with self._lock:
            kept = self._kept.get(space.id)
            if kept is None or self.root is None or kept.saved == kept.seq:
                return
            if self._database.in_transaction:
                return
            if snapshots.save(self._database, self.root, space, kept) is not None:
                kept.saved, kept.unsaved = kept.seq, 0

    def save_due(self, spaces: list[VectorSpace]) -> None:
        """Write the snapshots that will save time; errors of writing are ignored."""
        for space in spaces:
            kept = self._kept.get(space.id)
            if kept is None or len(kept.index) < SNAPSHOT_FROM:
                continue
            if kept.saved >= 0 and kept.unsaved < DUE * len(kept.index):
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
        told = None if self.root is None else snapshots.of(sql, space)
        if self.root is None or told is None:
            return None
        index = snapshots.load(self.root, told)
        if index is None:
            _logger.warning(
                "the snapshot of %s is damaged or gone; it is made again from the rows", space.name
            )
            return None
        # A purge deletes all snapshots, so this one is newer than every purge.
        return CachedIndex(index, told.seq, oplog.newest(sql), told.recall, told.seq)

    def _build_index(self, sql: Sql, space: VectorSpace) -> CachedIndex:
        count = len(oplog.living(sql, space.id))
        return CachedIndex(
            build_index.flat(sql, space, count), oplog.position(sql), oplog.newest(sql)
        )

    def _replay(self, sql: Sql, space: VectorSpace, kept: CachedIndex) -> None:
        """Apply later changes of the log: add rows that are live now, remove the others."""
        living, dead = oplog.changed_since(sql, space.id, kept.seq)
        there = kept.index.living
        new = living[~np.isin(living, there)]
        gone = dead[np.isin(dead, there)]
        if len(gone):
            kept.index.remove(gone)
        at = 0
        for vectors in record_rows.vectors_of(sql, space, new.tolist()):
            kept.index.add(new[at : at + len(vectors)], unit(vectors))
            at += len(vectors)
        kept.seq, kept.operation = oplog.position(sql), oplog.newest(sql)
        kept.unsaved += len(new) + len(gone)
        kept.allowed.clear()


def _knows(kept: CachedIndex, sql: Sql) -> bool:
    return (kept.seq, kept.operation) == oplog.state(sql)


def _as_ids(index: Index, found: Found) -> Found:
    scores, places = found
    if not len(index.ids):
        return scores, places
    return scores, np.where(places >= 0, index.ids[places], -1)
