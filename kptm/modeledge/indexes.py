"""The indexes of a store, one a space, each brought up to date before it is asked.

in memory, else snapshot, else rows ──► what the log says since ──► search
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kg.errors import StoreError
from kptm.modeledge import building, filters, log, rows, snapshots
from kptm.modeledge.flat import merged
from kptm.modeledge.index import nearest, unit
from kptm.modeledge.partial import Partial

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from kg.store.database import Database
    from kg.store.sql import Sql
    from kptm.modeledge.building import Built, Index
    from kptm.modeledge.choice import IndexConfig
    from kptm.modeledge.records import Where
    from kptm.modeledge.spaces import Space

    Found = tuple[NDArray[np.float32], NDArray[np.int64]]

SNAPSHOT_FROM = 10_000
"""Rows from which a snapshot opens faster than the rows are read."""

FEW = 0.1
"""The share of a space below which the rows that a filter leaves are compared one by one."""

REMEMBERED = 8
"""Filters whose rows are kept in memory."""

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Kept:
    """An index in memory.

    Attributes:
        index: It.
        seq: The line of the log up to which it has the rows.
        recall: As it was measured when it was made.
        saved: The line of the log up to which its snapshot has them, -1 without one.
        asked: Queries that came one by one.
    """

    index: Index
    seq: int
    recall: float = 1.0
    saved: int = -1
    asked: int = 0


class Indexes:
    """The indexes over a database's spaces.

    Args:
        database: The rows.
        root: The folder of snapshots, None where there are to be none.
    """

    def __init__(self, database: Database, root: Path | None) -> None:
        self._database = database
        self.root = root
        self._kept: dict[int, Kept] = {}
        self._allowed: dict[tuple[int, int, Where], NDArray[np.int64]] = {}
        self._lock = threading.RLock()

    def forget(self) -> None:
        """Drop what is in memory."""
        with self._lock:
            self._kept.clear()
            self._allowed.clear()

    def search(
        self, space: Space, queries: NDArray[np.float32], k: int, where: Where | None = None
    ) -> Found:
        """Similarities and ids, shape (queries, k), best first; -1 only where there are fewer than ``k``."""
        queries = unit(queries)
        with self._lock:
            kept = self.current(space)
            kept.asked += len(queries) == 1
            if where is None or where.is_empty:
                if isinstance(kept.index, Partial):
                    return self._partly(space, kept.index, queries, k, None)
                return _as_ids(kept.index, kept.index.search(queries, k))
            ids = self._ids_of(space, kept, where)
            if where.operation is not None or not len(ids):
                return self._one_by_one(space, queries, k, ids)
            if isinstance(kept.index, Partial):
                return self._partly(space, kept.index, queries, k, ids)
            allowed = np.isin(kept.index.ids, ids)
            return _as_ids(kept.index, kept.index.search(queries, k, allowed))

    def _partly(
        self,
        space: Space,
        index: Partial,
        queries: NDArray[np.float32],
        k: int,
        ids: NDArray[np.int64] | None,
    ) -> Found:
        """By an index that may come upon too little: then all rows that are wanted are compared."""
        living = index.ids[index.alive] if ids is None else ids
        if ids is not None and len(ids) <= FEW * len(index):
            return self._one_by_one(space, queries, k, ids)
        allowed = None if ids is None else np.isin(index.ids, ids)
        with self._database.quick() as sql:
            scores, found = building.search_ids(sql, space, index, queries, k, allowed)
        short = (found >= 0).sum(1) < min(k, len(living))
        if short.any():
            scores[short], found[short] = self._one_by_one(space, queries[short], k, living)
        return scores, found

    def _one_by_one(
        self, space: Space, queries: NDArray[np.float32], k: int, ids: NDArray[np.int64]
    ) -> Found:
        """Exactly, from the rows themselves."""
        best = nearest(queries, queries[:0], k)
        at = 0
        with self._database.quick() as sql:
            for vectors in rows.vectors_of(sql, space, ids.tolist()):
                scores, places = nearest(queries, unit(vectors), k)
                best = merged(best, (scores, np.where(places >= 0, ids[at + places], -1)), k)
                at += len(vectors)
        return best

    def _ids_of(self, space: Space, kept: Kept, where: Where) -> NDArray[np.int64]:
        named = (space.id, kept.seq, where)
        if named not in self._allowed:
            if len(self._allowed) >= REMEMBERED:
                self._allowed.clear()
            with self._database.reading() as sql:
                self._allowed[named] = filters.ids_of(sql, space, where)
        return self._allowed[named]

    # ── keeping up ───────────────────────────────────────────────────────────────────────────

    def current(self, space: Space) -> Kept:
        """The index of a space with all that was written so far."""
        with self._lock:
            kept = self._kept.get(space.id)
            with self._database.quick() as sql:
                now = log.position(sql)
            if kept is not None and kept.seq == now:
                return kept
            if self._database.in_transaction:  # what it wrote may be taken back
                with self._database.reading() as sql:
                    return Kept(building.flat(sql, space, rows.count(sql, space)), now)
            if kept is None:
                kept = self._opened(space)
            if kept is not None:
                self._replay(space, kept)
            if kept is None or (isinstance(kept.index, Partial) and kept.index.is_worn):
                kept = self._made(space)
            self._kept[space.id] = kept
            return kept

    def build(self, space: Space, config: IndexConfig, progress: building.Progress | None) -> Built:
        """Make the index anew as configured, and its snapshot."""
        with self._lock:
            before = self._kept.pop(space.id, None)
            with self._database.reading() as sql:
                asked = before.asked if before is not None else 0
                made = building.build(sql, space, config, asked, progress)
            self._kept[space.id] = Kept(made.index, made.seq, made.recall)
            self.save(space)
            return made

    def save(self, space: Space) -> None:
        """Write a snapshot of what is in memory, where the one there is is older."""
        with self._lock:
            kept = self._kept.get(space.id)
            if kept is None or self.root is None or kept.saved == kept.seq:
                return
            snapshots.save(self._database, self.root, space, kept.index, kept.seq, kept.recall)
            kept.saved = kept.seq

    def save_due(self, spaces: list[Space]) -> None:
        """Write the snapshots that will save time; one that cannot be written is done without."""
        for space in spaces:
            kept = self._kept.get(space.id)
            if kept is None or len(kept.index) < SNAPSHOT_FROM:
                continue
            try:
                self.save(space)
            except (OSError, StoreError) as error:
                _logger.warning("no snapshot of %s was written: %s", space.name, error)

    def drop(self, sql: Sql) -> None:
        """Delete every snapshot and what is in memory."""
        self.forget()
        snapshots.drop(sql, self.root)

    def _opened(self, space: Space) -> Kept | None:
        """The index of the snapshot; None where there is none, or not as it was written."""
        if self.root is None:
            return None
        with self._database.quick() as sql:
            told = snapshots.of(sql, space)
        if told is None:
            return None
        index = snapshots.load(self.root, told)
        if index is None:
            _logger.warning(
                "the snapshot of %s is damaged or gone; it is made again from the rows", space.name
            )
            return None
        return Kept(index, told.seq, told.recall, told.seq)

    def _made(self, space: Space) -> Kept:
        with self._database.reading() as sql:
            seq = log.position(sql)
            count = len(log.living(sql, space.id))
            return Kept(building.flat(sql, space, count), seq)

    def _replay(self, space: Space, kept: Kept) -> None:
        """Bring in what lives now of the rows that the log says have changed, and take out what does not."""
        with self._database.reading() as sql:
            now = log.position(sql)
            changed = [(item.first, item.last) for item in log.since(sql, space.id, kept.seq)]
            for first, last in _joined(changed):
                self._replay_range(sql, space, kept.index, first, last)
        kept.seq = now

    def _replay_range(self, sql: Sql, space: Space, index: Index, first: int, last: int) -> None:
        inside = index.ids[(index.ids >= first) & (index.ids <= last)]
        if isinstance(index, Partial):
            inside = inside[np.isin(inside, index.ids[index.alive])]
        living = []
        for ids, vectors in rows.vectors(sql, space, first, last):
            new = ~np.isin(ids, inside)
            if new.any():
                index.add(ids[new], unit(vectors[new]))
            living.append(ids)
        gone = np.setdiff1d(inside, np.concatenate(living)) if living else inside
        if len(gone):
            index.remove(gone)


def _joined(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges that do not overlap, sorted."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def _as_ids(index: Index, found: Found) -> Found:
    scores, places = found
    if not len(index.ids):
        return scores, places
    return scores, np.where(places >= 0, index.ids[places], -1)
