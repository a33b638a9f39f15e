"""Receipts: what an operation did, to which rows, and which answers it changed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from kptm.modeledge.sql import oplog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.sql.cursor import Sql


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """A question whose answer an operation changed.

    Attributes:
        question: The question.
        before: The answer before; None for "unknown".
        after: The answer after.
    """

    question: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The record of an operation and its changes.

    Attributes:
        operation: The number of the operation, for undo; 0 if there was nothing to do.
        kind: "add", "write", "edit", "forget", "undo", "purge", …
        note: A note on the operation.
        at: The time in UTC.
        revision: The revision of the graph that the operation belongs to.
        added: The rows that were inserted or restored, as ranges (first, last).
        removed: The rows that were removed, as ranges.
        answers: The questions whose answer changed.
    """

    operation: int
    kind: str = ""
    note: str = ""
    at: str = ""
    revision: int | None = None
    added: tuple[tuple[int, int], ...] = ()
    removed: tuple[tuple[int, int], ...] = ()
    answers: tuple[AnswerChange, ...] = ()

    @property
    def rows_added(self) -> int:
        """Number of inserted rows."""
        return sum(last - first + 1 for first, last in self.added)

    @property
    def rows_removed(self) -> int:
        """Number of removed rows."""
        return sum(last - first + 1 for first, last in self.removed)

    def to_dict(self) -> dict[str, Any]:
        """The receipt as a JSON object."""
        return {**asdict(self), "rows_added": self.rows_added, "rows_removed": self.rows_removed}


def of(sql: Sql, operation: int) -> Receipt:
    """The receipt of an operation; empty if there is no operation of that number."""
    query = "SELECT kind, note, at, revision, answers FROM modeledge_operation WHERE id = ?"
    rows = sql.all(query, (operation,))
    if not rows:
        return Receipt(0)
    kind, note, at, revision, answers = rows[0]
    lines = oplog.changed_by(sql, operation)
    return Receipt(
        operation,
        kind,
        note,
        at,
        revision,
        tuple((line.first, line.last) for line in lines if line.live),
        tuple((line.first, line.last) for line in lines if not line.live),
        tuple(AnswerChange(**change) for change in json.loads(answers or "[]")),
    )


def listing(sql: Sql, limit: int) -> list[Receipt]:
    """The newest receipts, newest first."""
    query = "SELECT id FROM modeledge_operation ORDER BY id DESC LIMIT ?"
    return [of(sql, number) for (number,) in sql.all(query, (limit,))]


def of_revision(sql: Sql, revision: int) -> list[int]:
    """The operations that belong to a revision of the graph, newest first."""
    query = "SELECT id FROM modeledge_operation WHERE revision = ? ORDER BY id DESC"
    return [number for (number,) in sql.all(query, (revision,))]


def note_answers(sql: Sql, operation: int, answers: Sequence[AnswerChange]) -> None:
    """Record the questions whose answer an operation changed."""
    text = json.dumps([asdict(change) for change in answers], ensure_ascii=False)
    sql.run("UPDATE modeledge_operation SET answers = ? WHERE id = ?", (text, operation))
