"""The integrity of modeledge: its rows, their log and the indexes on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kptm.modeledge.sql import oplog, spaces
from kptm.workspace.health.database_checks import RESTORE
from kptm.workspace.health.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from kg.graph import KnowledgeGraph
    from kg.sql.cursor import Sql
    from kptm.modeledge.sql.spaces import VectorSpace

_RENEWED = "run kptm recall: the next search rebuilds the index"


def check_vectors(graph: KnowledgeGraph, snapshots: Path) -> Iterator[Finding]:
    """The spaces of modeledge whose rows, log and index on disk do not agree."""
    with graph.database.reading() as sql:
        for space in spaces.list_all(sql):
            yield from _check(sql, space, snapshots)


def _check(sql: Sql, space: VectorSpace, root: Path) -> Iterator[Finding]:
    from kptm.modeledge.vector_index.consistency import live_rows, snapshot_state

    rows, problem = live_rows(sql, space)
    if problem:
        yield Finding("modeledge-inconsistent", True, f"{space.name}: {problem}", RESTORE)
        return
    state = snapshot_state(sql, root, space)
    if state == "damaged":
        text = f"{root}: the index of {space.name} is missing, or differs from its checksum"
        yield Finding("index-damaged", False, text, _RENEWED)
    elif state == "whole" and (odd := _differing(sql, space, root, rows)):
        text = f"{root}: {odd:,} rows of {space.name} are not in its index, or not in the database"
        yield Finding("index-differs", True, text, f"delete {root.name}/, then {_RENEWED}")


def _differing(sql: Sql, space: VectorSpace, root: Path, rows: NDArray[np.int64]) -> int:
    """The number of missing and surplus rows of an index, after the log's later changes."""
    from kptm.modeledge.vector_index import snapshots

    snapshot = snapshots.of(sql, space)
    index = None if snapshot is None else snapshots.load(root, snapshot)
    if snapshot is None or index is None:
        return 0
    added, gone = oplog.changed_since(sql, space.id, snapshot.seq)
    expected = np.setdiff1d(np.union1d(index.living, added), gone)
    return len(np.setxor1d(expected, rows))
