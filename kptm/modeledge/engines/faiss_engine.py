"""The engine that needs no server: FAISS in this process, with snapshots on disk."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from kptm.modeledge.sql import oplog
from kptm.modeledge.vector_index import build_index, snapshots
from kptm.modeledge.vector_index.cached_index import CachedIndex

if TYPE_CHECKING:
    from pathlib import Path

    from kg.sql.cursor import Sql
    from kg.sql.database import Database
    from kptm.modeledge.sql.spaces import VectorSpace
    from kptm.modeledge.vector_index.build_index import Built, Progress
    from kptm.modeledge.vector_index.index_choice import IndexConfig

_logger = logging.getLogger(__name__)


class FaissEngine:
    """Indexes in memory, from a snapshot if there is one, else from the rows.

    Args:
        database: The database of the rows.
        root: The folder of the snapshots; None for no snapshots.
    """

    has_snapshots = True

    def __init__(self, database: Database, root: Path | None) -> None:
        self._database = database
        self._root = root

    def open(self, sql: Sql, space: VectorSpace, cached: CachedIndex | None) -> CachedIndex | None:
        """The index in memory, or that of the snapshot; None if both are missing or damaged."""
        if cached is None:
            cached = self._open_snapshot(sql, space)
        # An index from before a purge may still contain purged rows, though masked.
        if cached is not None and oplog.purged_since(sql, cached.operation):
            return None
        return cached

    def _open_snapshot(self, sql: Sql, space: VectorSpace) -> CachedIndex | None:
        """The index of the snapshot; None if there is none or its checksum is wrong."""
        snapshot = None if self._root is None else snapshots.of(sql, space)
        if self._root is None or snapshot is None:
            return None
        index = snapshots.load(self._root, snapshot)
        if index is None:
            _logger.warning(
                "the snapshot of %s is damaged or gone; it is rebuilt from the rows", space.name
            )
            return None
        # A purge deletes all snapshots, so this one is newer than every purge.
        return CachedIndex(
            index, snapshot.seq, oplog.newest(sql), snapshot.recall, saved=snapshot.seq
        )

    def build(self, sql: Sql, space: VectorSpace) -> CachedIndex:
        """Build an index for exact search, which needs no training."""
        ids = oplog.living(sql, space.id)
        return CachedIndex(
            build_index.flat(sql, space, ids), oplog.position(sql), oplog.newest(sql)
        )

    def rebuild(
        self,
        sql: Sql,
        space: VectorSpace,
        config: IndexConfig,
        query_count: int,
        progress: Progress | None,
    ) -> Built:
        """Rebuild the index of a space as configured, and measure its recall."""
        return build_index.build(sql, space, config, query_count, progress)

    def note_position(self, sql: Sql, space: VectorSpace, cached: CachedIndex) -> None:
        """Do nothing: a position is stored with its snapshot."""

    def save(self, space: VectorSpace, cached: CachedIndex) -> None:
        """Write a snapshot of the index if the stored one is older."""
        if self._root is None or cached.saved == cached.seq or self._database.in_transaction:
            return
        if snapshots.save(self._database, self._root, space, cached) is not None:
            cached.saved, cached.unsaved = cached.seq, 0

    def drop(self, sql: Sql) -> None:
        """Delete all snapshots."""
        snapshots.drop(sql, self._root)

    def close(self) -> None:
        """Do nothing: there is no connection."""
