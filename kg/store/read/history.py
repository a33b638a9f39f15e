"""The history of an entity's facts, oldest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.types import Attribute, Change, Literal, Triple

if TYPE_CHECKING:
    from kg.sql.cursor import Sql


def history(sql: Sql, key: str, at: int | None) -> list[Change]:
    """Each start and end of a source's statement about ``key``, labels included."""
    events: list[tuple[int, int, Change]] = []
    for began in (True, False):
        column = "rev_added" if began else "rev_removed"
        until = "" if at is None else f" AND s.{column} <= {at:d}"
        query = (
            "SELECT h.key, r.key, t.key, l.value, l.datatype, l.language, l.unit,"
            f" s.{column}, v.at, c.name, s.line, x.id, s.confidence FROM triple x"
            " JOIN triple_source s ON s.triple_id = x.id JOIN source c ON c.id = s.source_id"
            f" JOIN revision v ON v.id = s.{column}"
            " JOIN relation r ON r.id = x.relation_id JOIN entity h ON h.id = x.head_id"
            " LEFT JOIN entity t ON t.id = x.tail_id LEFT JOIN literal l ON l.id = x.tail_id"
            " WHERE x.id IN (SELECT y.id FROM triple y WHERE y.{end} ="
            f" (SELECT id FROM entity WHERE key = ?)){until}"
        )
        for end in ("head_id", "tail_id"):
            rows = sql.all(query.replace("{end}", end), (key,))
            events += [(int(row[7]), int(row[11]), _change(row, began)) for row in rows]
    unique = {(*event[:2], event[2].kind, event[2].source): event[2] for event in events}
    return [unique[order] for order in sorted(unique)]


def of_revision(sql: Sql, number: int, limit: int | None) -> list[Change]:
    """The statements that a revision ended, then those that it began."""
    changes: list[Change] = []
    for began in (False, True):
        query = (
            "SELECT h.key, r.key, t.key, l.value, l.datatype, l.language, l.unit,"
            f" {number:d}, v.at, c.name, s.line, x.id, s.confidence FROM triple_source s"
            " JOIN triple x ON x.id = s.triple_id JOIN source c ON c.id = s.source_id"
            f" JOIN revision v ON v.id = {number:d}"
            " JOIN relation r ON r.id = x.relation_id JOIN entity h ON h.id = x.head_id"
            " LEFT JOIN entity t ON t.id = x.tail_id LEFT JOIN literal l ON l.id = x.tail_id"
            f" WHERE {_in_revision(number, began)} ORDER BY x.id, c.name, s.seq"
        )
        if limit is not None:
            query += f" LIMIT {limit:d}"
        changes += [_change(row, began) for row in sql.all(query)]
    return changes


def count(sql: Sql, number: int) -> tuple[int, int]:
    """The numbers of statements that a revision began and ended."""
    begun, ended = (
        int(sql.one(f"SELECT count(*) FROM triple_source s WHERE {_in_revision(number, began)}"))
        for began in (True, False)
    )
    return begun, ended


def _in_revision(number: int, began: bool) -> str:
    """The condition that statement ``s`` began (or else ended) in the revision, and not both."""
    if not began:
        return f"s.rev_removed = {number:d} AND s.rev_added < {number:d}"
    later = "s.rev_added > 1 AND " if number > 1 else ""  # the index has this condition
    return f"{later}s.rev_added = {number:d} AND coalesce(s.rev_removed, 0) <> {number:d}"


def _change(row: tuple[object, ...], began: bool) -> Change:
    head, relation, tail, *literal = row[:7]
    fact: Triple | Attribute = (
        Attribute(str(head), str(relation), Literal(*map(str, literal)))
        if tail is None
        else Triple(str(head), str(relation), str(tail))
    )
    line = row[10] if began else None
    return Change(
        revision=int(str(row[7])),
        kind="added" if began else "removed",
        fact=fact,
        source=str(row[9]),
        line=None if line is None else int(str(line)),
        at=str(row[8]),
        confidence=None if row[12] is None else float(str(row[12])),
    )
