"""Write a block of sorted statements to ``triple`` and ``triple_source`` in a few steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kg.store.read.triples import newest
from kg.store.write import restated
from kg.store.write.external_sort import differs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kg.sql.cursor import Sql
    from kg.store.write.external_sort import Rows

_STAGE = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS staged"
    " (n INTEGER PRIMARY KEY, a INTEGER NOT NULL, b INTEGER NOT NULL, c INTEGER NOT NULL)"
)
_STORED = (
    "SELECT n, id, rev_removed FROM staged"
    " JOIN triple ON head_id = a AND relation_id = b AND tail_id = c"
)
_SAID = (
    "SELECT DISTINCT n FROM staged"
    " JOIN triple_source ON triple_id = a AND source_id = b AND seq = 0 AND rev_removed IS NULL"
)
# A source that took a statement back in this very revision says it again.
_SAY = (
    "INSERT INTO triple_source (triple_id, source_id, rev_added, seq, line) VALUES (?, ?, ?, 0, ?)"
    " ON CONFLICT (triple_id, source_id, rev_added, seq) DO UPDATE SET rev_removed = NULL"
)


class WrittenTriples(NamedTuple):
    """What a block changed.

    Attributes:
        ids: The id of each row's triple.
        added: Triples that were not alive before.
        attested: Statements of a source that it had not made before.
        moved: Statements that stand on another line of their file now.
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
        revision: Its number.
        rows: The statements; the same triple may come from several sources.
        nothing_stored: That none of the triples is stored is known.
        attest: Whether to note who says them; without, the caller does.
        note_restated: Whether to note what a source states again; see
            :mod:`kg.store.write.restated`.
    """
    first = differs(rows[:, :3])
    triples = rows[first]
    ids = np.zeros(len(triples), np.int64)
    stored = [] if nothing_stored else _query_staged(sql, triples[:, :3], _STORED)
    for at, number, _ in stored:
        ids[at] = number
    # A caller that attests by itself also says which of the doubted triples become facts.
    dead = [number for _, number, removed in stored if removed > 0 or (removed and attest)]
    sql.many("UPDATE triple SET rev_removed = 0 WHERE id = ?", [(number,) for number in dead])
    new = ids == 0
    first_id = newest(sql) + 1
    ids[new] = np.arange(first_id, first_id + int(new.sum()))
    columns = (column.tolist() for column in (ids[new], *triples[new, :3].T))
    fresh = zip(*columns, strict=True)
    sql.insert(
        "triple",
        "id, head_id, relation_id, tail_id",
        fresh,
        same={"rev_added": revision},
        grouped=True,
    )
    of_row = np.cumsum(first) - 1
    attested = moved = 0
    if attest:
        where = rows[:, 3:]
        attested, moved = _attest(sql, revision, ids[of_row], where, new[of_row], note_restated)
    return WrittenTriples(ids[of_row], int(new.sum()) + len(dead), attested, moved)


def _attest(
    sql: Sql,
    revision: int,
    ids: NDArray[np.int64],
    where: Rows,
    new: NDArray[np.bool_],
    note_restated: bool,
) -> tuple[int, int]:
    """Note who says the triples of ``ids``; ``where`` is (source, line).

    Return how many are new, and how many have moved.
    """
    rows: NDArray[np.int64] = np.column_stack((ids, where))
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
    said = {at for (at,) in sql.all(_SAID)}
    moved = restated.move_staged(sql) if said else 0
    if note_restated and said:
        restated.note_staged(sql)
    sql.run("DELETE FROM staged")
    more = [row for at, row in enumerate(old.tolist()) if at not in said]
    sql.many(_SAY, [(number, source, revision, line or None) for number, source, line in more])
    return len(rows) - len(said), moved


def _query_staged(sql: Sql, rows: NDArray[np.integer], query: str) -> list[tuple[int, ...]]:
    """The rows of ``query`` on the temporary table that holds ``rows`` as n, a, b, c."""
    _stage(sql, rows)
    found = sql.all(query)
    sql.run("DELETE FROM staged")
    return found


def _stage(sql: Sql, rows: NDArray[np.integer]) -> None:
    """Put ``rows`` into a temporary table, as n, a, b, c."""
    sql.run(_STAGE)
    columns = (column.tolist() for column in rows.T)
    sql.insert("staged", "n, a, b, c", zip(range(len(rows)), *columns, strict=True))
