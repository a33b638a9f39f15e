"""Conflicts: facts on which two stores disagree."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kptm.errors import ModeledgeError
from kptm.modeledge.sql.transfer_record import STATED_AT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg.sql.cursor import Sql
    from kptm.modeledge.records import Fact
    from kptm.modeledge.sql.record_rows import Condition

    TimedFact = tuple[str, str, str, str]
    """Head, relation, tail, and the time at which the fact was last stated."""

POLICIES = ("both", "ours", "theirs", "newest")

FACTS = f"""
SELECT r.head, r.relation, r.tail, max({STATED_AT}) FROM modeledge_record r
JOIN modeledge_operation p ON p.id = r.op_changed
WHERE r.live = 1 AND r.relation <> '' GROUP BY r.head, r.relation, r.tail"""
"""Selects the facts that a store's live records state, each once."""

_ONE_VALUE = (
    "{0}.relation NOT IN (SELECT relation FROM {1} GROUP BY relation, head HAVING count(*) > 1)"
)

_DIFFERENT = f"""
SELECT o.head, o.relation, o.tail, t.tail, o.at, t.at FROM merge_ours o
JOIN merge_theirs t ON t.head = o.head AND t.relation = o.relation
WHERE t.tail <> o.tail AND {_ONE_VALUE.format("o", "merge_ours")}
AND {_ONE_VALUE.format("t", "merge_theirs")} ORDER BY o.relation, o.head"""

_LOST = (
    "EXISTS (SELECT 1 FROM merge_lost l"
    " WHERE l.head = r.head AND l.relation = r.relation AND l.tail = r.tail)"
)
LOST: Condition = (_LOST, [])
"""The condition that a record states a fact of ours that theirs replaces.

It can be used only inside :func:`find_conflicts`.
"""


@dataclass(frozen=True, slots=True)
class MergeConflict:
    """A fact that has another tail in the other store.

    Attributes:
        head: The head of the fact.
        relation: The relation, which has one tail per head in each store.
        ours: The tail in our store.
        theirs: The tail in the other store.
        kept: Which facts stay: "both", "ours" or "theirs".
    """

    head: str
    relation: str
    ours: str
    theirs: str
    kept: str


def check_policy(policy: str) -> None:
    """Refuse an unknown policy.

    Raises:
        ModeledgeError: There is no policy of that name.
    """
    if policy not in POLICIES:
        raise ModeledgeError(f"policy {policy!r} is unknown; there is {', '.join(POLICIES)}")


@contextmanager
def find_conflicts(
    sql: Sql, theirs: Iterable[TimedFact], policy: str
) -> Iterator[list[MergeConflict]]:
    """Find conflicts between our store and another one's facts, sorted by relation and head.

    If both facts were stated at the same time, ours counts as the newest.

    Args:
        sql: A writing transaction of ours.
        theirs: The facts of the other store, each once, as a stream.
        policy: One of :data:`POLICIES`.
    """
    columns = "head TEXT NOT NULL, relation TEXT NOT NULL, tail TEXT NOT NULL, at TEXT NOT NULL"
    for name in ("ours", "theirs", "lost"):
        sql.run(f"CREATE TEMPORARY TABLE merge_{name} ({columns})")
    sql.run(f"INSERT INTO merge_ours {FACTS}")
    sql.insert("merge_theirs", "head, relation, tail, at", theirs)
    sql.run("CREATE INDEX ix_merge_theirs ON merge_theirs (head, relation)")
    conflicts: list[MergeConflict] = []
    lost: list[TimedFact] = []
    for head, relation, tail, other, at, other_at in sql.all(_DIFFERENT):
        newest = "theirs" if other_at > at else "ours"
        winner = newest if policy == "newest" else policy
        conflicts.append(MergeConflict(head, relation, tail, other, winner))
        if winner == "theirs":
            lost.append((head, relation, tail, at))
    sql.insert("merge_lost", "head, relation, tail, at", lost)
    sql.run("CREATE INDEX ix_merge_lost ON merge_lost (head, relation)")
    # The caller uses merge_lost before the tables are dropped.
    yield conflicts
    for name in ("ours", "theirs", "lost"):
        sql.run(f"DROP TABLE merge_{name}")


def facts_to_skip(conflicts: Iterable[MergeConflict]) -> set[Fact]:
    """The facts of the other store that are not merged, because ours stay."""
    return {(item.head, item.relation, item.theirs) for item in conflicts if item.kept == "ours"}
