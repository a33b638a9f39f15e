"""Operations, and the log of the rows that each one inserted or removed.

A row's ``op_changed`` is the last operation that inserted or removed it. Undoing an operation
removes the rows that it inserted, and restores the rows that no later operation changed. An undo is
itself an operation, so it can be undone too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kg.sql.cursor import Sql


UNDO = re.compile(r"undo of operation (\d+)(?:;|$)")
"""The note of an undo."""


@dataclass(frozen=True, slots=True)
class Range:
    """Rows that an operation changed.

    Attributes:
        live: Whether they were inserted, or removed.
        first: The first id.
        last: The last id.
    """

    live: bool
    first: int
    last: int


def begin(sql: Sql, kind: str, note: str, revision: int | None = None) -> int:
    """Open a new operation and return its number.

    Args:
        sql: A writing transaction.
        kind: The kind of operation.
        note: The note that receipts show.
        revision: The revision of the graph that the operation belongs to.
    """
    number = newest(sql) + 1
    at = datetime.now(UTC).isoformat(timespec="seconds")
    sql.run(
        "INSERT INTO modeledge_operation (id, kind, note, at, revision) VALUES (?, ?, ?, ?, ?)",
        (number, kind, note, at, revision),
    )
    return number


def kind_of(sql: Sql, operation: int) -> str:
    """The kind of an operation, "" if it is not known; "undo" for an undo.

    An undo of an undo has the kind of the first operation.
    """
    undone = 0
    while row := sql.all("SELECT kind, note FROM modeledge_operation WHERE id = ?", (operation,)):
        kind, note = row[0]
        if kind != "undo":
            return "undo" if undone % 2 else str(kind)
        match = UNDO.match(note)
        if match is None:  # a purge has emptied the note
            return ""
        operation, undone = int(match[1]), undone + 1
    return ""


def newest(sql: Sql) -> int:
    """The number of the newest operation, 0 for an empty store."""
    return int(sql.one("SELECT max(id) FROM modeledge_operation") or 0)


def newest_purge(sql: Sql) -> int:
    """The number of the newest operation that deleted rows for good, 0 if there is none."""
    return int(sql.one("SELECT max(id) FROM modeledge_operation WHERE kind = 'purge'") or 0)


def time_of(sql: Sql, operation: int) -> str:
    """The time of an operation; "" if there is no such operation."""
    return str(sql.one("SELECT at FROM modeledge_operation WHERE id = ?", (operation,)) or "")


def position(sql: Sql) -> int:
    """The number of the newest line of the log; an index that has read this line is current."""
    return int(sql.one("SELECT max(seq) FROM modeledge_log") or 0)


def state(sql: Sql) -> tuple[int, int]:
    """The numbers of the newest line of the log and of the newest operation."""
    query = "SELECT (SELECT max(seq) FROM modeledge_log), (SELECT max(id) FROM modeledge_operation)"
    seq, operation = sql.all(query)[0]
    return int(seq or 0), int(operation or 0)


def note(sql: Sql, operation: int, space: int, live: bool, ids: Sequence[int]) -> None:
    """Log that rows were inserted or removed."""
    seq = position(sql)
    rows = [
        (seq + number, operation, space, int(live), first, last)
        for number, (first, last) in enumerate(ranges(ids), 1)
    ]
    sql.insert("modeledge_log", "seq, op_id, space_id, live, first, last", rows)


def ranges(ids: Sequence[int]) -> list[tuple[int, int]]:
    """The (first, last) of each run of consecutive ids, in order."""
    if isinstance(ids, range):
        return [(ids[0], ids[-1])] if ids else []
    sorted_ids = np.unique(np.asarray(ids, dtype=np.int64))
    if not len(sorted_ids):
        return []
    cuts = np.flatnonzero(np.diff(sorted_ids) > 1)
    firsts = sorted_ids[np.concatenate(([0], cuts + 1))]
    lasts = sorted_ids[np.concatenate((cuts, [len(sorted_ids) - 1]))]
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))


def changed_since(sql: Sql, space: int, seq: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ids of a space that changed after a line of the log, sorted: live ones, and removed ones."""
    query = (
        "SELECT live, first, last FROM modeledge_log WHERE seq > ? AND space_id = ? ORDER BY seq"
    )
    lines = sql.all(query, (seq, space))
    if not lines:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    start = min(first for _, first, _ in lines)
    states = np.zeros(max(last for _, _, last in lines) + 1 - start, np.int8)
    # In the order of the log, so that the last of several lines about a row decides.
    for live, first, last in lines:
        states[first - start : last + 1 - start] = 1 if live else -1
    return start + np.flatnonzero(states > 0), start + np.flatnonzero(states < 0)


def purged_since(sql: Sql, operation: int) -> bool:
    """Whether anything was deleted for good after an operation."""
    query = "SELECT 1 FROM modeledge_operation WHERE id > ? AND kind = 'purge' LIMIT 1"
    return sql.one(query, (operation,)) is not None


def changed_by(sql: Sql, operation: int) -> list[Range]:
    """The rows that an operation inserted or removed."""
    query = "SELECT live, first, last FROM modeledge_log WHERE op_id = ? ORDER BY seq"
    return [Range(bool(live), first, last) for live, first, last in sql.all(query, (operation,))]


def living(sql: Sql, space: int, operation: int | None = None) -> NDArray[np.int64]:
    """The ids that are live now, or were live after an operation, sorted."""
    until = "" if operation is None else f" AND op_id <= {operation:d}"
    query = f"SELECT live, first, last FROM modeledge_log WHERE space_id = ?{until} ORDER BY seq"
    lines = sql.all(query, (space,))
    if not lines:
        return np.zeros(0, np.int64)
    lives = np.zeros(max(last for _, _, last in lines) + 1, dtype=bool)
    for live, first, last in lines:
        lives[first : last + 1] = bool(live)
    return np.flatnonzero(lives)
