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

CLOSE = 1e-6
"""Tolerance between a vector in an index and its normalised row."""


@dataclass(frozen=True, slots=True)
class SpaceCheck:
    """The result of checking one space.

    Attributes:
        space: Its name.
        rows: Live rows.
        index: The kind of its index.
        recall: The recall measured when the index was built.
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
        """The values as JSON has them."""
        return asdict(self)


def check(sql: Sql, indexes: Indexes, space: VectorSpace) -> SpaceCheck:
    """Compare the rows of a space with its log, snapshot and index."""
    problems: list[str] = []
    snapshot = snapshot_state(sql, indexes.root, space)
    if snapshot == "damaged":
        problems.append("the snapshot is not as it was written; it is made again when it is needed")
    found, problem = live_rows(sql, space)
    if problem:
        problems.append(problem)
        return SpaceCheck(space.name, len(found), "", 0.0, snapshot, tuple(problems))
    kept = indexes.current(space, sql)
    index = kept.index
    ids = np.sort(index.living)
    if not np.array_equal(ids, found):
        odd = len(np.setxor1d(ids, found))
        problems.append(f"{odd:,} rows are not in the index, or not in the database")
    elif isinstance(index, FlatIndex) and _differs(sql, space, index):
        problems.append("a vector in the index is not its row's")
    return SpaceCheck(space.name, len(found), index.kind, kept.recall, snapshot, tuple(problems))


def live_rows(sql: Sql, space: VectorSpace) -> tuple[NDArray[np.int64], str]:
    """The ids of a space's live rows, and how they differ from its log; "" if they do not."""
    found = _live_ids(sql, space)
    if found is None:
        none = np.zeros(0, np.int64)
        return none, "a vector has the wrong size; restore the database from a copy"
    living = oplog.living(sql, space.id)
    if np.array_equal(found, living):
        return found, ""
    odd = len(np.setxor1d(found, living))
    return found, f"{odd:,} rows are not as the log says; restore the database from a copy"


def snapshot_state(sql: Sql, root: Path | None, space: VectorSpace) -> str:
    """The snapshot of a space in the folder ``root``: "none", "whole" or "damaged"."""
    told = snapshots.of(sql, space)
    if told is None or root is None:
        return "none"
    try:
        same = snapshots.checksum(root / told.folder) == told.sha256
    except OSError:
        same = False
    return "whole" if same else "damaged"


def _live_ids(sql: Sql, space: VectorSpace) -> NDArray[np.int64] | None:
    """The ids of live rows; None if a vector cannot be read."""
    try:
        parts = [ids for ids, _ in record_rows.vectors(sql, space)]
    except StoreError:
        return None
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def _differs(sql: Sql, space: VectorSpace, index: FlatIndex) -> bool:
    at = 0
    for ids, vectors in record_rows.vectors(sql, space):  # both are in the order of ids
        if not np.allclose(index.rows[at : at + len(ids)], unit(vectors), atol=CLOSE):
            return True
        at += len(ids)
    return False
