"""Snapshots: indexes on disk, which open faster than they are built.

SQL has the name and the checksum of the valid one.

    write a temporary folder ─► fsync ─► rename ─► its name, position in the log and checksum in SQL

A folder that SQL does not name is ignored. A file with a wrong checksum is not read.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kg.files import temporary
from kg.files.atomic import new_folder
from kg.files.checksums import file_sha256
from kptm.modeledge.sql import oplog
from kptm.modeledge.vector_index.approximate_index import ApproximateIndex
from kptm.modeledge.vector_index.faiss_index import FaissIndex
from kptm.modeledge.vector_index.flat_index import FlatIndex

if TYPE_CHECKING:
    from pathlib import Path

    from kg.sql.cursor import Sql
    from kg.sql.database import Database
    from kptm.modeledge.sql.spaces import VectorSpace
    from kptm.modeledge.vector_index.build_index import Index
    from kptm.modeledge.vector_index.cached_index import CachedIndex

FILES = ("ids.npy", "rows.npy", "alive.npy", "index.faiss")
"""The files of a snapshot's folder."""

_NAME = re.compile(r"\d+-[0-9a-z_]+")
"""Pattern of a snapshot folder's name: its space and a token."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The row of a snapshot in SQL.

    Attributes:
        kind: The kind of index.
        folder: The name of its folder.
        seq: The line of the log up to which it has the rows.
        sha256: The checksum of all its files.
        recall: The recall measured when the index was built.
    """

    kind: str
    folder: str
    seq: int
    sha256: str
    recall: float


def of(sql: Sql, space: VectorSpace) -> Snapshot | None:
    """The snapshot of a space, or None."""
    query = "SELECT kind, folder, seq, sha256, recall FROM modeledge_snapshot WHERE space_id = ?"
    rows = sql.all(query, (space.id,))
    return Snapshot(*rows[0]) if rows else None


def save(database: Database, root: Path, space: VectorSpace, kept: CachedIndex) -> Snapshot | None:
    """Replace the snapshot of a space; None if records were purged meanwhile.

    Raises:
        OSError: It cannot be written; the previous snapshot stays valid.
    """
    root.mkdir(exist_ok=True)
    name = f"{space.id}-{secrets.token_hex(6)}"
    with new_folder(root / name) as (fresh, commit):
        _write(fresh, kept.index)
        told = Snapshot(kept.index.kind, name, kept.seq, checksum(fresh), kept.recall)
        with database.writing() as (sql, transaction):
            if oplog.purged_since(sql, kept.operation):  # it may hold purged records
                transaction.rollback()
                return None
            commit()
            sql.run("DELETE FROM modeledge_snapshot WHERE space_id = ?", (space.id,))
            sql.insert(
                "modeledge_snapshot",
                "space_id, kind, folder, seq, sha256, recall",
                [(space.id, told.kind, told.folder, told.seq, told.sha256, told.recall)],
            )
    with database.writing() as (
        sql,
        _,
    ):  # no other process is between rename and commit, so unnamed folders can be deleted
        sweep(sql, root)
    return told


def load(root: Path, told: Snapshot) -> Index | None:
    """Load the index of a snapshot; None if its checksum is wrong."""
    folder = root / told.folder
    try:
        if checksum(folder) != told.sha256:
            return None
        if told.kind == "flat":
            # Copy-on-write: changes stay in this process.
            rows = np.load(folder / "rows.npy", mmap_mode="c", allow_pickle=False)
            return FlatIndex.over(np.load(folder / "ids.npy", allow_pickle=False), rows)
        ids, alive = (
            np.load(folder / name, allow_pickle=False) for name in ("ids.npy", "alive.npy")
        )
        return ApproximateIndex(FaissIndex.load(told.kind, folder / "index.faiss"), ids, alive)
    except OSError:
        return None


def checksum(folder: Path) -> str:
    """One checksum over all files of a folder."""
    lines = [f"{path.name} {file_sha256(path)}\n" for path in sorted(folder.iterdir())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def sweep(sql: Sql, root: Path) -> None:
    """Delete the snapshots that SQL does not name, except those that are being written."""
    named = {name for (name,) in sql.all("SELECT folder FROM modeledge_snapshot")}
    clean(root)
    for path in folders(root):
        if path.name not in named:
            _delete(path)


def folders(root: Path) -> list[Path]:
    """All snapshots in a folder, also those that SQL does not name; other files are not listed."""
    return [
        path
        for path in sorted(root.iterdir())
        if _NAME.fullmatch(path.name) and path.is_dir() and not path.is_symlink()
    ]


def _delete(folder: Path) -> None:
    """Delete a snapshot; other files in its folder stay."""
    with suppress(OSError):
        for name in FILES:
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()


def clean(root: Path) -> None:
    """Delete the leftovers of killed writers."""
    temporary.recover_all(root, _NAME)


def drop(sql: Sql, root: Path | None) -> None:
    """Delete all snapshots, files first: an index that SQL names and that is missing is rebuilt."""
    if root is not None and root.is_dir():
        clean(root)
        for path in folders(root):
            _delete(path)
    sql.run("DELETE FROM modeledge_snapshot")


def _write(folder: Path, index: Index) -> None:
    if isinstance(index, FlatIndex):
        np.save(folder / "ids.npy", index.ids, allow_pickle=False)
        np.save(folder / "rows.npy", index.rows, allow_pickle=False)
    else:
        np.save(folder / "ids.npy", index.ids, allow_pickle=False)
        np.save(folder / "alive.npy", index.alive, allow_pickle=False)
        index.index.save(folder / "index.faiss")
