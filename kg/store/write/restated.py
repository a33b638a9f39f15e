"""Reloading a file: statements that it still makes stay, and those that it no longer makes end.

The repeated statements are noted in a temporary table of the database, so that memory does not grow
with the load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kg.store.write import liveness

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.sql.cursor import Sql

_KEY = "triple_id, source_id, rev_added, seq"
_TABLE = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS restated (triple_id {id} NOT NULL, source_id {id}"
    f" NOT NULL, rev_added {{id}} NOT NULL, seq {{id}} NOT NULL, PRIMARY KEY ({_KEY}))"
)
_STATED = (
    " FROM staged JOIN triple_source s ON s.triple_id = staged.a AND s.source_id = staged.b"
    " AND s.seq = 0 AND s.rev_removed IS NULL"
)
_MOVE = (
    "UPDATE triple_source SET line = staged.c FROM staged WHERE triple_source.triple_id = staged.a"
    " AND triple_source.source_id = staged.b AND triple_source.seq = 0"
    " AND triple_source.rev_removed IS NULL AND staged.c > 0"
    " AND coalesce(triple_source.line, 0) <> staged.c"
)
_MOVE_ONE = (
    "UPDATE triple_source SET line = ? WHERE triple_id = ? AND source_id = ? AND rev_added = ?"
    " AND seq = ? AND coalesce(line, 0) <> ?"
)

Row = tuple[int, int, int, int]
"""The primary key of ``triple_source``."""


class Ended(NamedTuple):
    """Counts of the statements that a file no longer makes.

    Attributes:
        facts: Facts, labels and other statements that ended.
        stated_elsewhere: Facts that stay live because another source states them.
    """

    facts: int = 0
    stated_elsewhere: int = 0


def begin(sql: Sql) -> None:
    """Create or empty the table of restated statements."""
    table = _TABLE.format(id=sql.id_type)
    sql.run(table if sql.postgresql else table + " WITHOUT ROWID")
    sql.run("DELETE FROM restated")


def note_staged(sql: Sql) -> None:
    """Note the plain statements of the (triple, source) pairs in a and b of ``staged``."""
    sql.run(
        f"INSERT INTO restated ({_KEY}) SELECT s.triple_id, s.source_id, s.rev_added, 0{_STATED}"
        " WHERE true ON CONFLICT DO NOTHING"
    )


def note(sql: Sql, rows: Iterable[Row]) -> None:
    """Note statements by their keys."""
    sql.many(f"INSERT INTO restated ({_KEY}) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", rows)


def move_staged(sql: Sql) -> int:
    """Update the lines of statements to c of ``staged``; return how many have changed."""
    return sql.run(_MOVE)


def move(sql: Sql, rows: Sequence[tuple[Row, int]]) -> int:
    """Update the lines of statements, given by primary key; return how many have changed."""
    return sum(sql.run(_MOVE_ONE, (line, *row, line)) for row, line in rows if line)


def end_rest(sql: Sql, sources: Iterable[int], revision: int) -> Ended:
    """End the statements that the sources made before ``revision`` and that were not noted."""
    condition, parameters = _rest(sql, sources, revision)
    sql.run(f"UPDATE triple_source SET rev_removed = ? WHERE {condition}", (revision, *parameters))
    liveness.reconcile_retracted(sql, revision)
    return Ended(liveness.count_retracted(sql, revision), _stated_elsewhere(sql, revision))


def count_rest(sql: Sql, sources: Iterable[int], revision: int) -> int:
    """The number of facts whose statements :func:`end_rest` would end."""
    condition, parameters = _rest(sql, sources, revision)
    query = f"SELECT count(DISTINCT triple_id) FROM triple_source WHERE {condition}"
    return int(sql.one(query, parameters))


def _rest(sql: Sql, sources: Iterable[int], revision: int) -> tuple[str, tuple[object, ...]]:
    listed, parameter = sql.values(sorted(sources))
    condition = (
        f"source_id IN {listed} AND rev_removed IS NULL AND rev_added < ?"
        " AND NOT EXISTS (SELECT 1 FROM restated r WHERE r.triple_id = triple_source.triple_id"
        " AND r.source_id = triple_source.source_id AND r.rev_added = triple_source.rev_added"
        " AND r.seq = triple_source.seq)"
    )
    return condition, (parameter, revision)


def _stated_elsewhere(sql: Sql, revision: int) -> int:
    query = (
        "SELECT count(DISTINCT s.triple_id) FROM triple_source s"
        " JOIN triple x ON x.id = s.triple_id AND x.rev_removed = 0 WHERE s.rev_removed = ?"
        " AND NOT EXISTS (SELECT 1 FROM triple_source o WHERE o.triple_id = s.triple_id"
        " AND o.source_id = s.source_id AND o.rev_removed IS NULL)"
    )
    return int(sql.one(query, (revision,)))
