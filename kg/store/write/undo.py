"""Undo: restores the facts that a revision changed.

Later revisions may have changed the same facts. Undoing only one of them would make a state that
never existed, so all of them are undone together, or none: the set of revisions is closed over the
facts (and files) that they share. An edit states *the* value of a relation, so that it shares all
facts of its entity and relation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.errors import StoreError
from kg.store.rows import proposal_rows, revisions
from kg.store.write import artefacts, liveness

if TYPE_CHECKING:
    from collections.abc import Collection

    from kg.sql.cursor import Sql
    from kg.store.write.artefacts import FileStore
    from kg.types import Revision

MAX_REVISIONS_IN_ERROR = 5
"""The maximum number of revisions in an error message."""

_TABLE = "CREATE TEMPORARY TABLE IF NOT EXISTS undone (triple_id {id} PRIMARY KEY)"
_UNDONE = "t.triple_id IN (SELECT triple_id FROM undone)"
_SAME = (
    "o.triple_id = t.triple_id AND o.source_id = t.source_id AND (o.seq = 0) = (t.seq = 0)"
    " AND (t.seq = 0 OR (coalesce(o.confidence, -1) = coalesce(t.confidence, -1)"
    " AND coalesce(o.span_start, -1) = coalesce(t.span_start, -1)"
    " AND coalesce(o.span_end, -1) = coalesce(t.span_end, -1)"
    " AND NOT EXISTS ({0} EXCEPT {1}) AND NOT EXISTS ({1} EXCEPT {0})))"
).format(
    *(
        "SELECT q.position, q.relation_id, q.value_id FROM qualifier q"
        f" WHERE q.triple_id = {one}.triple_id AND q.source_id = {one}.source_id"
        f" AND q.rev_added = {one}.rev_added AND q.seq = {one}.seq"
        for one in ("o", "t")
    )
)
# Their parameters are the revision, three times. A statement that has ended and begun again since
# the revision counts as unchanged.
_BEGUN_SINCE = (
    f"{_UNDONE} AND t.rev_removed IS NULL AND t.rev_added > ? AND NOT EXISTS (SELECT 1"
    f" FROM triple_source o WHERE {_SAME} AND o.rev_added <= ? AND o.rev_removed > ?)"
)
_ENDED_SINCE = (
    f"{_UNDONE} AND t.rev_added <= ? AND t.rev_removed > ? AND NOT EXISTS (SELECT 1"
    f" FROM triple_source o WHERE {_SAME} AND o.rev_removed IS NULL AND o.rev_added > ?)"
)
_SEQ = (
    "CASE WHEN seq = 0 THEN 0 ELSE row_number()"
    " OVER (PARTITION BY triple_id, source_id ORDER BY rev_added, seq) END"
)
_BACK = (
    f"SELECT triple_id, source_id, rev_added, seq AS was, {_SEQ} AS seq, line, span_start,"
    f" span_end, confidence FROM triple_source t WHERE {_ENDED_SINCE}"
)
_BACK_QUALIFIERS = (
    "INSERT INTO qualifier (triple_id, source_id, rev_added, seq, position, relation_id, value_id)"
    " SELECT q.triple_id, q.source_id, ?, b.seq, q.position, q.relation_id, q.value_id"
    f" FROM ({_BACK}) AS b JOIN qualifier q ON q.triple_id = b.triple_id"
    " AND q.source_id = b.source_id AND q.rev_added = b.rev_added AND q.seq = b.was"
)
_BACK_STATEMENTS = (
    "INSERT INTO triple_source (triple_id, source_id, rev_added, seq, line, span_start, span_end,"
    " confidence) SELECT triple_id, source_id, ?, seq, line, span_start, span_end, confidence"
    f" FROM ({_BACK}) AS b"
)


def undo(sql: Sql, number: int, *, later: bool = False, files: FileStore | None = None) -> int:
    """Undo revision ``number`` as a new revision; return its number.

    Args:
        sql: A writing transaction.
        number: The revision.
        later: Whether later revisions of the same facts are undone too.
        files: The files beside the graph, which revisions may have changed.

    Raises:
        StoreError: There is no such revision, nothing of it is left to undo, or later revisions
            changed the same facts.
    """
    newest = revisions.latest(sql)
    if not 1 <= number <= newest:
        raise StoreError(f"there is no revision {number}; the newest is {newest}")
    if sql.one("SELECT kind FROM revision WHERE id = ?", (number,)) == revisions.PURGE:
        raise StoreError(f"revision {number} was a purge: what it deleted is gone for good")
    closure = _closure(sql, number)
    changed = artefacts.names(sql, closure)
    differing = artefacts.differing(sql, files, changed, number - 1)
    undone = revisions.of_numbers(sql, closure)
    decided = proposal_rows.is_decided_by(sql, closure)
    if not differing and not decided and not _differs(sql, number - 1):
        raise StoreError(_nothing_left(number, undone))
    # If later revisions cancel each other, this one can be undone alone.
    if len(closure) > 1 and (
        _differs(sql, number) or artefacts.differing(sql, files, changed, number)
    ):
        if not later:
            raise StoreError(_refusal(number, undone))
    else:
        undone = [item for item in undone if item.number == number]
    new = _begin(sql, number, undone)
    _restore(sql, number - 1, new)
    if files is not None:
        artefacts.restore(sql, files, differing, number - 1, new)
    proposal_rows.follow_undo(sql, [item.number for item in undone], new)
    return new


def _closure(sql: Sql, number: int) -> set[int]:
    """A revision and the later ones that changed the same facts or files.

    The facts go into the table ``undone``.
    """
    sql.run(_TABLE.format(id=sql.id_type))
    sql.run("DELETE FROM undone")
    exclusive = _exclusive(sql, number)
    closure: set[int] = set()
    fresh = {number}
    while fresh:
        closure |= fresh
        for revision in fresh:
            sql.run(
                "INSERT INTO undone (triple_id) SELECT DISTINCT triple_id FROM triple_source"
                f" WHERE rev_added = ?{' AND rev_added > 1' * (revision > 1)}"
                " ON CONFLICT DO NOTHING",
                (revision,),
            )
            sql.run(
                "INSERT INTO undone (triple_id) SELECT DISTINCT triple_id FROM triple_source"
                " WHERE rev_removed = ? ON CONFLICT DO NOTHING",
                (revision,),
            )
        related = _later_changes_of(sql, number, "SELECT triple_id FROM undone")
        related |= _later_changes_of_slots(sql, number, closure & exclusive, exclusive - closure)
        related |= artefacts.later(sql, number, closure)
        fresh = related - closure
    return closure


def _later_changes_of(sql: Sql, number: int, triples: str) -> set[int]:
    """The revisions after ``number`` that changed statements of the triples that a SELECT lists."""
    numbers: set[int] = set()
    for column, indexed in (("rev_added", "rev_added > 1"), ("rev_removed", "rev_removed > 0")):
        query = (
            f"SELECT DISTINCT {column} FROM triple_source WHERE {indexed} AND {column} > ?"
            f" AND triple_id IN ({triples})"
        )
        numbers |= {int(row[0]) for row in sql.all(query, (number,))}
    return numbers


def _exclusive(sql: Sql, since: int) -> set[int]:
    """The edits since a revision, and the revisions that undid any of them."""
    numbers: set[int] = set()
    for item in revisions.list_edits_and_undos(sql, since):
        if item.kind == "edit" or not numbers.isdisjoint(item.undoes):
            numbers.add(item.number)
    return numbers


def _later_changes_of_slots(
    sql: Sql, number: int, edits: Collection[int], other_edits: Collection[int]
) -> set[int]:
    """The later revisions that changed the same entity and relation, if one of the two is an edit.

    Args:
        sql: A writing transaction.
        number: The revision to undo.
        edits: The edits among the revisions that are to be undone.
        other_edits: The other edits since ``number``.
    """
    related: set[int] = set()
    if edits:
        numbers = ", ".join(f"{edit:d}" for edit in sorted(edits))
        related |= _later_changes_of(
            sql,
            number,
            "SELECT y.id FROM triple x JOIN triple y ON y.head_id = x.head_id"
            " AND y.relation_id = x.relation_id WHERE x.id IN (SELECT triple_id FROM triple_source"
            f" WHERE rev_added IN ({numbers}) UNION SELECT triple_id FROM triple_source"
            f" WHERE rev_removed IN ({numbers}))",
        )
    listed, parameter = sql.values(sorted(other_edits))
    for column in ("rev_added", "rev_removed"):
        query = (
            f"SELECT DISTINCT s.{column} FROM triple_source s JOIN triple x ON x.id = s.triple_id"
            f" WHERE s.{column} IN {listed} AND EXISTS (SELECT 1 FROM triple y JOIN undone u"
            " ON u.triple_id = y.id WHERE y.head_id = x.head_id AND y.relation_id = x.relation_id)"
        )
        if other_edits:
            related |= {int(row[0]) for row in sql.all(query, (parameter,))}
    return related


def _differs(sql: Sql, at: int) -> bool:
    """Whether the statements of the facts in ``undone`` differ from those at a revision."""
    return any(
        sql.one(f"SELECT 1 FROM triple_source t WHERE {condition} LIMIT 1", (at, at, at))
        for condition in (_BEGUN_SINCE, _ENDED_SINCE)
    )


def _restore(sql: Sql, at: int, new: int) -> None:
    """State the facts in ``undone`` as at a revision."""
    key = "(triple_id, source_id, rev_added, seq)"
    chosen = "t.triple_id, t.source_id, t.rev_added, t.seq"
    sql.run(
        f"UPDATE triple_source SET rev_removed = ? WHERE {key} IN"
        f" (SELECT {chosen} FROM triple_source t WHERE {_BEGUN_SINCE})",
        (new, at, at, at),
    )
    sql.run(_BACK_QUALIFIERS, (new, at, at, at))
    sql.run(_BACK_STATEMENTS, (new, at, at, at))
    liveness.reconcile_retracted(sql, new)
    liveness.reconcile_added(sql, new)


def _begin(sql: Sql, number: int, undone: list[Revision]) -> int:
    """Open the revision that undoes others, which are sorted newest first."""
    wanted = next(item for item in undone if item.number == number)
    if len(undone) > 1:
        kind, numbers = "undo", ", ".join(str(item.number) for item in undone)
        note = f"undo of revisions {numbers}"
    elif wanted.undoes:
        kind = "redo" if wanted.kind == "undo" else "undo"
        numbers = ", ".join(map(str, wanted.undoes))
        plural = "s" if len(wanted.undoes) > 1 else ""
        note = f"{kind} of revision{plural} {numbers}: undoes revision {number} ({wanted.note})"
    else:
        kind, note = "undo", f"undo of revision {number} ({wanted.kind}: {wanted.note})"
    return revisions.begin(sql, kind, note[:200], undoes=[item.number for item in undone])


def _nothing_left(number: int, closure: list[Revision]) -> str:
    """The error message that a revision has no change left to undo."""
    by = next((item for item in closure if number in item.undoes), None)
    message = f"revision {number} has no change left to undo"
    if by is not None:
        message += f": revision {by.number} undid it; undo {by.number} to restore it"
    return message


def _refusal(number: int, closure: list[Revision]) -> str:
    """The error message that a revision cannot be undone alone."""
    blocking, undone = [], set[int]()
    for item in closure:  # newest first, so that an undo comes before the revision it undid
        if item.number not in undone and item.number != number:
            undone.update(item.undoes)
            if not item.undoes or min(item.undoes) <= number:
                blocking.append(item)
    names = "; ".join(
        f"{item.number} ({item.kind}: {item.note})" for item in blocking[:MAX_REVISIONS_IN_ERROR]
    )
    more = (
        f"; and {len(blocking) - MAX_REVISIONS_IN_ERROR} more"
        if len(blocking) > MAX_REVISIONS_IN_ERROR
        else ""
    )
    return (
        f"revision {number} cannot be undone alone, because later revisions changed the same facts"
        f" or files: {names}{more}; undo these first, or all of them together with --later"
    )
