"""Snapshots: indexes on disk, which open faster than they are built.

The database has the name and the checksum of each space's valid snapshot, and the position in the
operation log (:mod:`kptm.modeledge.sql.oplog`) that it is current to.

    write a temporary folder ─► fsync ─► rename ─► write name, log position and checksum to SQL

A folder that the database does not name is ignored. A snapshot with a wrong checksum is not read.
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
    from kptm.modeledge.vector_index.cached_index import CachedIndex
    from kptm.modeledge.vector_index.index_protocol import VectorIndex

MANIFEST = "shard.json"
"""The file that describes a shard (:mod:`kptm.modeledge.engines.shard_folders`)."""

FILES = ("ids.npy", "rows.npy", "alive.npy", "index.faiss", MANIFEST)
"""The files of the folder of a snapshot or of a shard."""

_NAME = re.compile(r"\d+-[0-9a-z_]+")
"""Pattern of a snapshot folder's name: the id of its space, and a random suffix."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The row of a snapshot in SQL.

    Attributes:
        kind: The kind of index.
        folder: The name of the folder.
        seq: The line of the operation log up to which the index has the rows.
        sha256: The checksum of all files in the folder.
        recall: Recall@10 for held-out queries, measured when the index was built; 1 if search is
            exact.
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


def save(
    database: Database, root: Path, space: VectorSpace, cached: CachedIndex
) -> Snapshot | None:
    """Replace the snapshot of a space by its index in memory.

    Returns None, and writes nothing, if records were purged since the index was last updated.

    Raises:
        OSError: The snapshot cannot be written; the previous one stays valid.
    """
    root.mkdir(exist_ok=True)
    name = f"{space.id}-{secrets.token_hex(6)}"
    with new_folder(root / name) as (fresh, rename_folder):
        write_index(fresh, cached.index)
        snapshot = Snapshot(cached.index.kind, name, cached.seq, checksum(fresh), cached.recall)
        with database.writing() as (sql, transaction):
            if oplog.purged_since(sql, cached.operation):  # it may contain purged records
                transaction.rollback()
                return None
            rename_folder()
            sql.run("DELETE FROM modeledge_snapshot WHERE space_id = ?", (space.id,))
            values = (snapshot.kind, snapshot.folder, snapshot.seq, snapshot.sha256)
            sql.insert(
                "modeledge_snapshot",
                "space_id, kind, folder, seq, sha256, recall",
                [(space.id, *values, snapshot.recall)],
            )
    # Every process renames its folder and writes the name to the database in one transaction, and
    # only one transaction writes at a time. So a folder that this transaction does not find in the
    # database is an old snapshot, or one whose transaction failed, and will never be used.
    with database.writing() as (sql, _):
        sweep(sql, root)
    return snapshot


def load(root: Path, snapshot: Snapshot) -> FlatIndex | ApproximateIndex | None:
    """Load the index of a snapshot; None if its checksum is wrong."""
    return load_folder(root / snapshot.folder, snapshot.kind, snapshot.sha256)


def load_folder(folder: Path, kind: str, sha256: str) -> FlatIndex | ApproximateIndex | None:
    """Load the index in a folder; None if its checksum is wrong."""
    try:
        if checksum(folder) != sha256:
            return None
        if kind == "flat":
            # Mapped copy-on-write, so that changes stay in this process.
            rows = np.load(folder / "rows.npy", mmap_mode="c", allow_pickle=False)
            return FlatIndex.over(np.load(folder / "ids.npy", allow_pickle=False), rows)
        ids, alive = (
            np.load(folder / name, allow_pickle=False) for name in ("ids.npy", "alive.npy")
        )
        return ApproximateIndex(FaissIndex.load(kind, folder / "index.faiss"), ids, alive)
    except OSError:
        return None


def checksum(folder: Path) -> str:
    """One checksum over all files of a folder but the manifest, which may contain it."""
    paths = [path for path in sorted(folder.iterdir()) if path.name != MANIFEST]
    lines = [f"{path.name} {file_sha256(path)}\n" for path in paths]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def sweep(sql: Sql, root: Path) -> None:
    """Delete the snapshots that the database does not name; call it in a writing transaction.

    A temporary folder that another process is writing stays.
    """
    valid = {name for (name,) in sql.all("SELECT folder FROM modeledge_snapshot")}
    clean(root)
    for path in folders(root):
        if path.name not in valid:
            delete(path)


def folders(root: Path) -> list[Path]:
    """All snapshots in a folder, valid or not; other files and folders are not listed."""
    return [
        path
        for path in sorted(root.iterdir())
        if _NAME.fullmatch(path.name) and path.is_dir() and not path.is_symlink()
    ]


def discard(sql: Sql, root: Path, space: VectorSpace) -> None:
    """Delete the snapshot of a space, which shards replace; call it in a writing transaction."""
    snapshot = of(sql, space)
    if snapshot is not None:
        sql.run("DELETE FROM modeledge_snapshot WHERE space_id = ?", (space.id,))
        delete(root / snapshot.folder)


def delete(folder: Path) -> None:
    """Delete the files of a snapshot or shard, and its folder unless other files are in it."""
    with suppress(OSError):
        for name in FILES:
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()


def clean(root: Path) -> None:
    """Delete the temporary folders that killed processes left."""
    temporary.recover_all(root, _NAME)


def drop(sql: Sql, root: Path | None) -> None:
    """Delete all snapshots, the folders first and then the rows in SQL.

    If the process is killed in between, the rows name missing folders; such an index is rebuilt.
    """
    if root is not None and root.is_dir():
        clean(root)
        for path in folders(root):
            delete(path)
    sql.run("DELETE FROM modeledge_snapshot")


def write_index(folder: Path, index: VectorIndex) -> None:
    """Write the files of an index."""
    if isinstance(index, FlatIndex):
        np.save(folder / "ids.npy", index.ids, allow_pickle=False)
        np.save(folder / "rows.npy", index.rows, allow_pickle=False)
    elif isinstance(index, ApproximateIndex):
        np.save(folder / "ids.npy", index.ids, allow_pickle=False)
        np.save(folder / "alive.npy", index.alive, allow_pickle=False)
        index.index.save(folder / "index.faiss")
