"""Shards on disk: a folder each, with how it was built and how far it has read the log.

    write a temporary folder ─► fsync ─► rename ─► the shard is there, whole, or the older one is

A shard whose checksum is wrong, or that another store has written, is not read: it is built again
from the rows.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from kg.files.atomic import new_folder, replace_folder
from kptm.modeledge.engines.sharded_index import ShardSettings, VectorShard
from kptm.modeledge.sql import oplog
from kptm.modeledge.vector_index import snapshots

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kg.sql.cursor import Sql
    from kg.sql.database import Database
    from kptm.modeledge.sql.spaces import VectorSpace


@dataclass(frozen=True, slots=True)
class ShardState:
    """The content of a shard's manifest.

    Attributes:
        rows: The number of ids in its range.
        seq: The line of the log up to which it has the rows.
        operation: The newest operation at that time.
        at: The time of this operation, by which the log of another store is recognised.
        kind: The kind of its index.
        recall: Recall@10 among its own rows.
        audited: The recall of the configured kind.
        is_young: Whether it is flat because it had few rows.
        settings: How it was built.
    """

    rows: int
    seq: int
    operation: int
    at: str
    kind: str
    recall: float
    audited: float
    is_young: bool
    settings: ShardSettings


class ShardFolders:
    """The shards of a store in a folder.

    Args:
        database: The database of the rows.
        root: The folder.
        rows: The number of ids in the range of a shard.
    """

    def __init__(self, database: Database, root: Path, rows: int) -> None:
        self._database, self._root, self._rows = database, root, rows

    def load(self, sql: Sql, space: VectorSpace) -> dict[int, tuple[VectorShard, int]]:
        """The usable shards of a space, each with the line of the log that it has read.

        Args:
            sql: A transaction that sees one state of the store.
            space: The space.
        """
        usable = {}
        for number, folder in self._folders(space):
            loaded = self._load(sql, folder)
            if loaded is not None:
                usable[number] = loaded
        return usable

    def newest(self, space: VectorSpace) -> ShardSettings:
        """The settings of the newest build of a space that was begun; flat without any."""
        folders = [self._marker(space), *(folder for _, folder in self._folders(space))]
        settings = [stored[0].settings for stored in map(_read, folders) if stored is not None]
        return max(settings, key=lambda item: item.generation, default=ShardSettings())

    def _folders(self, space: VectorSpace) -> Iterator[tuple[int, Path]]:
        """The folders of a space's shards, each with the shard's number."""
        for folder in snapshots.folders(self._root) if self._root.is_dir() else []:
            of_space, _, name = folder.name.partition("-shard_")
            if of_space == str(space.id) and name.isdecimal():
                yield int(name), folder

    def _load(self, sql: Sql, folder: Path) -> tuple[VectorShard, int] | None:
        stored = _read(folder)
        if stored is None:
            return None
        state, sha256 = stored
        if (
            state.rows != self._rows
            or state.seq > oplog.position(sql)  # written since this transaction began
            or state.at != oplog.time_of(sql, state.operation)
            or oplog.purged_since(sql, state.operation)
        ):
            return None
        index = snapshots.load_folder(folder, state.kind, sha256)
        if index is None:
            return None
        shard = VectorShard(
            index, state.settings, state.recall, state.audited, state.is_young, unsaved=0
        )
        return shard, state.seq

    def save(
        self, space: VectorSpace, number: int, shard: VectorShard, seq: int, operation: int
    ) -> bool:
        """Write a shard, unless rows were purged since, or another process has written a newer one.

        Returns:
            Whether the shard on disk is at least as new now.

        Raises:
            OSError: It cannot be written; the older one stays.
            StoreError: Another process writes to the database for too long.
        """
        self._root.mkdir(exist_ok=True)
        folder = self._folder(space, number)
        with new_folder(folder) as (fresh, rename_folder):
            snapshots.write_index(fresh, shard.index)
            sha256 = snapshots.checksum(fresh)
            # One process writes at a time, so that no purge is missed, and no newer shard.
            with self._database.writing() as (sql, _):
                if oplog.purged_since(sql, operation):
                    return False
                state = ShardState(
                    rows=self._rows,
                    seq=seq,
                    operation=operation,
                    at=oplog.time_of(sql, operation),
                    kind=shard.index.kind,
                    recall=shard.recall,
                    audited=shard.audited,
                    is_young=shard.is_young,
                    settings=shard.settings,
                )
                stored = _read(folder)
                if stored is None or not self._is_newer(sql, stored[0], state):
                    _write(fresh, state, sha256)
                    rename_folder()
                snapshots.discard(sql, self._root, space)
        shard.unsaved = 0
        return True

    def delete(self, space: VectorSpace, number: int) -> None:
        """Delete a shard that has no rows any more."""
        snapshots.delete(self._folder(space, number))

    def _folder(self, space: VectorSpace, number: int) -> Path:
        return self._root / f"{space.id}-shard_{number}"

    def _is_newer(self, sql: Sql, stored: ShardState, ours: ShardState) -> bool:
        """Whether a shard on disk was built later, or has read more of the log of this store."""
        return (
            stored.rows == self._rows
            and stored.at == oplog.time_of(sql, stored.operation)
            and (stored.settings.generation, stored.seq) > (ours.settings.generation, ours.seq)
        )

    # ── builds that were asked for ───────────────────────────────────────────────────────────

    def interrupted_build(self, space: VectorSpace) -> ShardSettings | None:
        """The settings of a build that was interrupted, if there is one."""
        stored = _read(self._marker(space))
        return None if stored is None else stored[0].settings

    def begin(self, space: VectorSpace, settings: ShardSettings) -> None:
        """Note that a build begins."""
        self._root.mkdir(exist_ok=True)
        state = ShardState(self._rows, 0, 0, "", settings.kind, 1.0, 1.0, False, settings)
        with replace_folder(self._marker(space)) as fresh:
            _write(fresh, state, "")

    def end(self, space: VectorSpace) -> None:
        """Note that a build has ended."""
        snapshots.delete(self._marker(space))

    def _marker(self, space: VectorSpace) -> Path:
        return self._root / f"{space.id}-shard_begun"


def _read(folder: Path) -> tuple[ShardState, str] | None:
    """The content of a manifest and the files' checksum; None if it is missing or damaged."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        stored = json.loads((folder / snapshots.MANIFEST).read_text(encoding="utf-8"))
        settings = ShardSettings(**stored["state"].pop("settings"))
        return ShardState(**stored["state"], settings=settings), str(stored["sha256"])
    return None


def _write(folder: Path, state: ShardState, sha256: str) -> None:
    text = json.dumps({"state": asdict(state), "sha256": sha256})
    (folder / snapshots.MANIFEST).write_text(text, encoding="utf-8")
