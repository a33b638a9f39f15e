"""Checks that the rows, log, indexes and snapshots of a store agree."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kg.errors import StoreError
from kptm.modeledge.sql import oplog, record_rows
from kptm.modeledge.vector_index import snapshots
from kptm.modeledge.vector_index.faiss_index import unit
from kptm.modeledge.vector_index.flat_index import FlatIndex

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from kg.sql.cursor import Sql
    from kptm.modeledge.sql.spaces import VectorSpace
    from kptm.modeledge.vector_index.indexes import Indexes

VECTOR_TOLERANCE = 1e-6
"""The tolerance between a vector in an index and the normalised vector of its row."""


@dataclass(frozen=True, slots=True)
class SpaceCheck:
    """The result of checking one space.

    Attributes:
        space: The name of the space.
        rows: The number of live rows.
        index: The kind of the index.
        recall: Recall@10 for held-out queries, measured when the index was built.
        snapshot: "none", "whole" or "damaged".
        problems: The inconsistencies; empty if there are none.
    """

    space: str
    rows: int
    index: str
    recall: float
    snapshot: str
    problems: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The result as a JSON object."""
        return asdict(self)


def check(sql: Sql, indexes: Indexes, space: VectorSpace) -> SpaceCheck:
    """Compare the rows of a space with its log, snapshot and index."""
    problems: list[str] = []
    snapshot = snapshot_state(sql, indexes.root, space)
    if snapshot == "damaged":
        problems.append("the snapshot has changed since it was written; it is rebuilt when needed")
    live_ids, problem = live_rows(sql, space)
    count = len(live_ids)
    if problem:
        problems.append(problem)
        return SpaceCheck(space.name, count, "", 0.0, snapshot, tuple(problems))
    cached = indexes.current(space, sql)
    index = cached.index
    indexed_ids = np.sort(index.living)
    if not np.array_equal(indexed_ids, live_ids):
        differing = len(np.setxor1d(indexed_ids, live_ids))
        problems.append(f"{differing:,} rows are not in the index, or not in the database")
    elif isinstance(index, FlatIndex) and _differs(sql, space, index):
        problems.append("a vector in the index differs from that of its row")
    return SpaceCheck(space.name, count, index.kind, cached.recall, snapshot, tuple(problems))


def live_rows(sql: Sql, space: VectorSpace) -> tuple[NDArray[np.int64], str]:
    """The ids of a space's live rows, and a message if they differ from the log, else ""."""
    stored = _live_ids(sql, space)
    if stored is None:
        none = np.zeros(0, np.int64)
        return none, "a vector has the wrong size; restore the database from a copy"
    logged = oplog.living(sql, space.id)
    if np.array_equal(stored, logged):
        return stored, ""
    differing = len(np.setxor1d(stored, logged))
    return stored, f"{differing:,} rows differ from the log; restore the database from a copy"


def snapshot_state(sql: Sql, root: Path | None, space: VectorSpace) -> str:
    """The state of a space's snapshot in the folder ``root``: "none", "whole" or "damaged"."""
    snapshot = snapshots.of(sql, space)
    if snapshot is None or root is None:
        return "none"
    try:
        is_whole = snapshots.checksum(root / snapshot.folder) == snapshot.sha256
    except OSError:
        is_whole = False
    return "whole" if is_whole else "damaged"


def _live_ids(sql: Sql, space: VectorSpace) -> NDArray[np.int64] | None:
    """The ids of live rows; None if a vector cannot be read."""
    try:
        parts = [ids for ids, _ in record_rows.vectors(sql, space)]
    except StoreError:
        return None
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def _differs(sql: Sql, space: VectorSpace, index: FlatIndex) -> bool:
    """Whether a vector in the index differs from that of its row."""
    start = 0
    for ids, vectors in record_rows.vectors(sql, space):  # both are in the order of ids
        if not np.allclose(
            index.rows[start : start + len(ids)], unit(vectors), atol=VECTOR_TOLERANCE
        ):
            return True
        start += len(ids)
    return False
