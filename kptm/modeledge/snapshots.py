"""Snapshots: an index on disk, to be opened instead of made again. SQL says which one counts, and its checksum.

    write a folder beside ─► fsync ─► rename ─► its name, position in the log and checksum in SQL

A folder that SQL does not name counts for nothing. What does not have its checksum is not read.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kg.checksums import file_sha256
from kptm.modeledge import log
from kptm.modeledge.flat import Flat
from kptm.modeledge.index import Approximate
from kptm.modeledge.partial import Partial

if TYPE_CHECKING:
    from kg.store.database import Database
    from kg.store.sql import Sql
    from kptm.modeledge.building import Index
    from kptm.modeledge.kept import Kept
    from kptm.modeledge.spaces import Space

UNFINISHED = ".new-"
"""What the name of a folder begins with that is being written."""

ABANDONED = 3_600
"""Seconds after which a folder that is being written was left by a process that died."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What SQL says of a snapshot.

    Attributes:
        kind: Kind of index.
        folder: Its folder's name.
        seq: The line of the log up to which it has the rows.
        sha256: Of all its files.
        recall: As it was measured when the index was made.
    """

    kind: str
    folder: str
    seq: int
    sha256: str
    recall: float


def of(sql: Sql, space: Space) -> Snapshot | None:
    """The snapshot of a space, None when there is none."""
    query = "SELECT kind, folder, seq, sha256, recall FROM modeledge_snapshot WHERE space_id = ?"
    rows = sql.all(query, (space.id,))
    return Snapshot(*rows[0]) if rows else None


def save(database: Database, root: Path, space: Space, kept: Kept) -> Snapshot | None:
    """Write the snapshot of a space in place of the one before; None where something was purged meanwhile.

    Raises:
        OSError: It cannot be written; the one before counts on.
    """
    root.mkdir(exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f"{UNFINISHED}{space.id}-", dir=root))
    try:
        _write(made, kept.index)
        name = made.name.removeprefix(UNFINISHED)
        told = Snapshot(kept.index.kind, name, kept.seq, checksum(made), kept.recall)
        with database.writing() as (sql, transaction):
            if log.purged_since(sql, kept.operation):  # it may hold that
                transaction.rollback()
                return None
            made.rename(root / told.folder)
            _sync(root)
            sql.run("DELETE FROM modeledge_snapshot WHERE space_id = ?", (space.id,))
            sql.insert(
                "modeledge_snapshot",
                "space_id, kind, folder, seq, sha256, recall",
                [(space.id, told.kind, told.folder, told.seq, told.sha256, told.recall)],
            )
    finally:
        shutil.rmtree(made, ignore_errors=True)
    with database.writing() as (
        sql,
        _,
    ):  # nobody is between renaming and naming; what was named before may go
        sweep(sql, root)
    return told


def load(root: Path, told: Snapshot) -> Index | None:
    """The index of a snapshot; None where its files are not what they were."""
    folder = root / told.folder
    try:
        if checksum(folder) != told.sha256:
            return None
        if told.kind == "flat":
            # Changes go to pages of this process's own.
            rows = np.load(folder / "rows.npy", mmap_mode="c", allow_pickle=False)
            return Flat.over(np.load(folder / "ids.npy", allow_pickle=False), rows)
        ids, alive = (
            np.load(folder / name, allow_pickle=False) for name in ("ids.npy", "alive.npy")
        )
        return Partial(Approximate.load(told.kind, folder / "index.faiss"), ids, alive)
    except OSError:
        return None


def checksum(folder: Path) -> str:
    """One for all files of a folder."""
    lines = [f"{path.name} {file_sha256(path)}\n" for path in sorted(folder.iterdir())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def sweep(sql: Sql, root: Path) -> None:
    """Delete the folders that SQL does not name, but for those that are being written."""
    named = {name for (name,) in sql.all("SELECT folder FROM modeledge_snapshot")}
    for path in sorted(root.iterdir()):
        unfinished = path.name.startswith(UNFINISHED)
        if _is_left(path) if unfinished else path.name not in named:
            shutil.rmtree(path, ignore_errors=True)


def drop(sql: Sql, root: Path | None) -> None:
    """Delete all snapshots, files first: what SQL names and is not there is made again."""
    if root is not None and root.is_dir():
        for path in sorted(root.iterdir()):
            shutil.rmtree(path, ignore_errors=True)
    sql.run("DELETE FROM modeledge_snapshot")


def _write(folder: Path, index: Index) -> None:
    if isinstance(index, Flat):
        np.save(folder / "ids.npy", index.ids, allow_pickle=False)
        np.save(folder / "rows.npy", index.rows, allow_pickle=False)
    else:
        np.save(folder / "ids.npy", index.ids, allow_pickle=False)
        np.save(folder / "alive.npy", index.alive, allow_pickle=False)
        index.index.save(folder / "index.faiss")
    for path in (*folder.iterdir(), folder):
        _sync(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _is_left(folder: Path) -> bool:
    """Whether nobody goes on writing a folder: whoever wrote it was killed."""
    return time.time() - folder.stat().st_mtime > ABANDONED
