"""Writes a block of sorted statements to ``triple`` and ``triple_source`` in a few steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kg.sql.partitions import count_partitions
from kg.store.read.triples import newest
from kg.store.write import restated
from kg.store.write.external_sort import differs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kg.sql.cursor import Sql
    from kg.store.write.external_sort import Rows

# Row n of a block with three numbers: head, relation and tail for _STORED; the id of a triple, its
# source and its line for _ALREADY_STATED.
_STAGE = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS staged"
    " (n {id} PRIMARY KEY, a {id} NOT NULL, b {id} NOT NULL, c {id} NOT NULL)"
)
_STORED = (
    "SELECT n, id, rev_removed FROM staged"
    " JOIN triple ON head_id = a AND relation_id = b AND tail_id = c"
)
# For divided tables. The server counts a look-up in every partition as a cost, although it makes
# one, and would read all triples instead; with OFFSET it has to look up each row.
_STORED_DIVIDED = (
    "SELECT n, id, rev_removed FROM staged CROSS JOIN LATERAL (SELECT id, rev_removed FROM triple"
    " WHERE head_id = a AND relation_id = b AND tail_id = c OFFSET 0) AS found"
)
_ALREADY_STATED = (
    "SELECT DISTINCT n FROM staged"
    " JOIN triple_source ON triple_id = a AND source_id = b AND seq = 0 AND rev_removed IS NULL"
)
# On a conflict, the source retracted the statement in this revision and now makes it again.
_INSERT_STATEMENT = (
    "INSERT INTO triple_source (triple_id, source_id, rev_added, seq, line) VALUES (?, ?, ?, 0, ?)"
    " ON CONFLICT (triple_id, source_id, rev_added, seq) DO UPDATE SET rev_removed = NULL"
)


class WrittenTriples(NamedTuple):
    """The changes made by a block.

    Attributes:
        ids: The id of each row's triple.
        added: Number of triples that were not live before.
        attested: Number of new statements by a source.
        moved: Number of statements whose line in the file has changed.
    """

    ids: NDArray[np.int64]
    added: int
    attested: int
    moved: int = 0


def write_block(
    sql: Sql,
    revision: int,
    rows: Rows,
    *,
    nothing_stored: bool = False,
    attest: bool = True,
    note_restated: bool = False,
) -> WrittenTriples:
    """Write rows of (head, relation, tail, source, line), sorted and unique in the first four.

    Args:
        sql: A writing transaction.
        revision: The number of its revision.
        rows: The statements; the same triple may come from several sources.
        nothing_stored: Whether the caller knows that none of the triples is stored yet.
        attest: Whether to write the sources' statements; otherwise the caller does.
        note_restated: Whether to note repeated statements; see :mod:`kg.store.write.restated`.
    """
    is_first = differs(rows[:, :3])  # the first row of each triple
    triples = rows[is_first]
    ids = np.zeros(len(triples), np.int64)
    query = _STORED_DIVIDED if count_partitions(sql) else _STORED
    stored = [] if nothing_stored else _query_staged(sql, triples[:, :3], query)
    for i, number, _ in stored:
        ids[i] = number
    # A removed triple is live again. A negative number marks a doubted one: all its sources have a
    # confidence of 0. The statements that this function writes make it a fact; a caller that writes
    # them itself decides that too.
    revived = [number for _, number, removed in stored if removed > 0 or (removed and attest)]
    sql.many("UPDATE triple SET rev_removed = 0 WHERE id = ?", [(number,) for number in revived])
    new = ids == 0
    first_id = newest(sql) + 1
    ids[new] = np.arange(first_id, first_id + int(new.sum()))
    columns = (column.tolist() for column in (ids[new], *triples[new, :3].T))
    new_triples = zip(*columns, strict=True)
    sql.insert(
        "triple",
        "id, head_id, relation_id, tail_id",
        new_triples,
        same={"rev_added": revision},
        grouped=True,
    )
    triple_of_row = np.cumsum(is_first) - 1
    attested = moved = 0
    if attest:
        sources_and_lines = rows[:, 3:]
        attested, moved = _attest(
            sql, revision, ids[triple_of_row], sources_and_lines, new[triple_of_row], note_restated
        )
    return WrittenTriples(ids[triple_of_row], int(new.sum()) + len(revived), attested, moved)


def _attest(
    sql: Sql,
    revision: int,
    ids: NDArray[np.int64],
    sources_and_lines: Rows,
    new: NDArray[np.bool_],
    note_restated: bool,
) -> tuple[int, int]:
    """Write one statement (source, line) of each of the triples ``ids``.

    Returns:
        How many statements are new, and how many have another line than before.
    """
    rows: NDArray[np.int64] = np.column_stack((ids, sources_and_lines))
    numbers, sources, lines = (column.tolist() for column in rows[new].T)
    if 0 in lines:
        lines = [line or None for line in lines]
    sql.insert(
        "triple_source",
        "triple_id, source_id, line",
        zip(numbers, sources, lines, strict=True),
        same={"rev_added": revision, "seq": 0},
        grouped=True,
    )
    old = rows[~new]
    if not len(old):
        return len(rows), 0
    _stage(sql, old)
    repeated = {i for (i,) in sql.all(_ALREADY_STATED)}
    moved = restated.move_staged(sql) if repeated else 0
    if note_restated and repeated:
        restated.note_staged(sql)
    sql.run("DELETE FROM staged")
    unstated = [row for i, row in enumerate(old.tolist()) if i not in repeated]
    sql.many(
        _INSERT_STATEMENT,
        [(number, source, revision, line or None) for number, source, line in unstated],
    )
    return len(rows) - len(repeated), moved


def _query_staged(sql: Sql, rows: NDArray[np.integer], query: str) -> list[tuple[int, ...]]:
    """Run ``query`` on the temporary table ``staged``, filled with ``rows`` as n, a, b, c."""
    _stage(sql, rows)
    found = sql.all(query)
    sql.run("DELETE FROM staged")
    return found


def _stage(sql: Sql, rows: NDArray[np.integer]) -> None:
    """Insert ``rows`` into the temporary table ``staged``, as n, a, b, c."""
    sql.run(_STAGE.format(id=sql.id_type))
    columns = (column.tolist() for column in rows.T)
    sql.insert("staged", "n, a, b, c", zip(range(len(rows)), *columns, strict=True))
