"""The engine that divides FAISS's index of a space into shards of a bounded number of rows.

    rows of a range of ids ──► one shard, built and written ──► the next

An interrupted build continues with the shards that are missing. Later changes are added to the
shards that they concern, and only a shard that lost many rows is rebuilt.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import numpy as np

from kg.errors import StoreError
from kptm.modeledge.engines.shard_folders import ShardFolders
from kptm.modeledge.engines.sharded_index import ShardedIndex, ShardSettings, VectorShard
from kptm.modeledge.sql import oplog, record_rows
from kptm.modeledge.vector_index import build_index, snapshots
from kptm.modeledge.vector_index.build_index import Built
from kptm.modeledge.vector_index.cached_index import CachedIndex
from kptm.modeledge.vector_index.faiss_index import unit
from kptm.modeledge.vector_index.index_choice import IndexConfig

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from kg.sql.cursor import Sql
    from kg.sql.database import Database
    from kptm.modeledge.sql.spaces import VectorSpace
    from kptm.modeledge.vector_index.build_index import Progress

_logger = logging.getLogger(__name__)


class ShardedEngine:
    """Indexes in shards, in memory and on disk.

    Args:
        database: The database of the rows.
        root: The folder of the shards; None keeps them in memory only.
        rows: The number of ids in the range of a shard, and so the maximum number of its rows.
    """

    has_snapshots = True

    def __init__(self, database: Database, root: Path | None, rows: int) -> None:
        self._database, self._root, self._rows = database, root, rows
        self._files = None if root is None else ShardFolders(database, root, rows)
        # Weakly, so that an index that the store has dropped does not stay in memory.
        self._opened: WeakValueDictionary[int, ShardedIndex] = WeakValueDictionary()

    def open(self, sql: Sql, space: VectorSpace, cached: CachedIndex | None) -> CachedIndex | None:
        """The index in memory; None if there is none, or if rows were purged since."""
        # An index from before a purge may still contain purged rows, though masked.
        if cached is None or oplog.purged_since(sql, cached.operation):
            self._opened.pop(space.id, None)
            return None
        return cached

    def build(self, sql: Sql, space: VectorSpace) -> CachedIndex:
        """Read the shards on disk, and build those that are missing or worn, one at a time."""
        seq, newest = oplog.position(sql), oplog.newest(sql)
        parts = self._divide(oplog.living(sql, space.id))
        before = self._opened.get(space.id)  # the caller has applied the log to it
        index = self._load(sql, space) if before is None else before
        config = IndexConfig(
            kind=index.settings.kind, target=index.settings.target, seed=index.settings.seed
        )
        for number in index.shards.keys() - parts.keys():
            del index.shards[number]
            if self._files is not None:
                self._files.delete(space, number)
        for number in index.worn:
            del index.shards[number]
        for number, ids in parts.items():
            if number not in index.shards:
                built = build_index.build_rows(sql, space, config, ids, seq)
                self._place(space, index, number, built, newest)
        self._opened[space.id] = index
        changed = [shard.unsaved for shard in index.shards.values()]
        saved = seq if min(changed, default=-1) >= 0 else -1
        return CachedIndex(
            index, seq, newest, index.recall, saved=saved, unsaved=sum(changed) if saved >= 0 else 0
        )

    def rebuild(
        self,
        sql: Sql,
        space: VectorSpace,
        config: IndexConfig,
        query_count: int,
        progress: Progress | None,
    ) -> Built:
        """Rebuild all shards as configured, one at a time, or continue an interrupted build."""
        seq, newest = oplog.position(sql), oplog.newest(sql)
        living = oplog.living(sql, space.id)
        config = build_index.resolve(config, space, len(living), query_count)
        self._opened.pop(space.id, None)
        index = self._begin(sql, space, config)
        row_count = 0
        for number, ids in self._divide(living).items():
            if number not in index.shards:
                built = build_index.build_rows(
                    sql, space, config, ids, seq, _after(progress, row_count)
                )
                self._place(space, index, number, built, newest)
            row_count += len(ids)
        if self._files is not None:
            self._files.end(space)
        self._opened[space.id] = index
        return Built(index, seq, index.recall, config.kind, index.audited)

    def note_position(self, sql: Sql, space: VectorSpace, cached: CachedIndex) -> None:
        """Do nothing: a position is stored with each shard."""

    def save(self, space: VectorSpace, cached: CachedIndex) -> None:
        """Write the shards that have changed since they were written."""
        index = cached.index
        if self._files is None or self._database.in_transaction:
            return
        if isinstance(index, ShardedIndex):
            changed = [(n, shard) for n, shard in index.shards.items() if shard.unsaved]
            saved = [
                self._files.save(space, number, shard, cached.seq, cached.operation)
                for number, shard in changed
            ]
            if all(saved):
                cached.saved, cached.unsaved = cached.seq, 0

    def drop(self, sql: Sql) -> None:
        """Delete all shards."""
        self._opened.clear()
        snapshots.drop(sql, self._root)

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def _divide(self, ids: NDArray[np.int64]) -> dict[int, NDArray[np.int64]]:
        """The ids of each shard, which are sorted."""
        numbers, starts = np.unique(ids // self._rows, return_index=True)
        return dict(zip(numbers.tolist(), np.split(ids, starts[1:]), strict=False))

    def _load(self, sql: Sql, space: VectorSpace) -> ShardedIndex:
        """The shards on disk, with the changes of the log since they were written."""
        stored = {} if self._files is None else self._files.load(sql, space)
        settings = ShardSettings() if self._files is None else self._files.newest(space)
        index = ShardedIndex(space.dim, self._rows, settings)
        index.shards = {number: shard for number, (shard, _) in stored.items()}
        if stored:
            self._replay(sql, space, index, min(seq for _, seq in stored.values()))
        return index

    def _replay(self, sql: Sql, space: VectorSpace, index: ShardedIndex, seq: int) -> None:
        """Apply the changes after a line of the log to the shards that there are."""
        live, dead = oplog.changed_since(sql, space.id, seq)
        is_loaded = np.isin(live // self._rows, list(index.shards))
        new = live[is_loaded & ~index.has(live)]
        index.remove(dead[index.has(dead)])
        start = 0
        for vectors in record_rows.vectors_of(sql, space, new.tolist()):
            index.add(new[start : start + len(vectors)], unit(vectors))
            start += len(vectors)

    def _begin(self, sql: Sql, space: VectorSpace, config: IndexConfig) -> ShardedIndex:
        """The index to fill: empty, or with the shards of an interrupted build of this kind."""
        generation = 0 if self._files is None else self._files.newest(space).generation
        settings = ShardSettings(config.kind, config.target, config.seed, generation + 1)
        index = ShardedIndex(space.dim, self._rows, settings)
        if self._files is None:
            return index
        begun = self._files.interrupted_build(space)
        if begun is not None and begun == replace(settings, generation=begun.generation):
            shards = self._load(sql, space).shards
            index.settings = begun
            index.shards = {n: shard for n, shard in shards.items() if shard.settings == begun}
            for number in index.worn:
                del index.shards[number]
            return index
        self._files.begin(space, index.settings)
        return index

    def _place(
        self, space: VectorSpace, index: ShardedIndex, number: int, built: Built, operation: int
    ) -> None:
        """Add a shard to an index, and write it to disk."""
        is_young = built.wanted != "flat" and len(built.index) <= build_index.MAX_EXACT_VECTORS
        shard = VectorShard(built.index, index.settings, built.recall, built.audited, is_young)
        index.shards[number] = shard
        if self._files is None or self._database.in_transaction:
            return
        try:
            self._files.save(space, number, shard, built.seq, operation)
        except (OSError, StoreError) as error:  # it is in memory, and is written later
            _logger.warning("shard %s of %s was not written: %s", number, space.name, error)


def _after(progress: Progress | None, earlier_rows: int) -> Progress | None:
    """Reports progress, counted from the rows of earlier shards."""
    return None if progress is None else lambda count: progress(earlier_rows + count)
