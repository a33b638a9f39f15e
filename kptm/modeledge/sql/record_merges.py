"""Records that name a merged entity become records of the entity that was kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.modeledge.records import decode_context, encode_context
from kptm.modeledge.sql import oplog, record_rows
from kptm.modeledge.sql.record_rows import any_of, mentions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kg.sql.cursor import Sql

_COLUMNS = (
    "space_id, origin_id, kind, value, context, span_start, span_end, head, relation, tail, vector"
)


def follow_merge(sql: Sql, operation: int, pairs: Mapping[str, str]) -> int:
    """Replace the records that name merged entities by equal ones of the kept; return how many.

    Args:
        sql: A writing transaction.
        operation: The operation, whose undo restores the records.
        pairs: Maps the key of each merged entity to the key of the entity that was kept.
    """
    gone = list(pairs)
    listed, parameter = sql.values(gone)
    named = any_of(
        (f"r.kind <> 'own' AND r.value IN {listed}", [parameter]),
        (f"r.relation <> '' AND (r.head IN {listed} OR r.tail IN {listed})", [parameter] * 2),
        *map(mentions, gone),
    )
    ids = record_rows.remove(sql, operation, named)
    first = record_rows.next_id(sql)
    for start in range(0, len(ids), record_rows.VECTORS_PER_PAGE):
        page_ids, parameter = sql.values(ids[start : start + record_rows.VECTORS_PER_PAGE])
        query = f"SELECT {_COLUMNS} FROM modeledge_record WHERE id IN {page_ids} ORDER BY id"
        rows = sql.all(query, (parameter,))
        replacements = [
            (first + start + i, 1, operation, *_replace(row, pairs, as_text=sql.postgresql))
            for i, row in enumerate(rows)
        ]
        sql.insert("modeledge_record", f"id, live, op_changed, {_COLUMNS}", replacements)
        for space in sorted({row[0] for row in rows}):
            numbers = [start + first + i for i, row in enumerate(rows) if row[0] == space]
            oplog.note(sql, operation, space, True, numbers)
    return len(ids)


def _replace(
    row: tuple[object, ...], pairs: Mapping[str, str], *, as_text: bool
) -> tuple[object, ...]:
    """The columns of a record with the keys of merged entities replaced."""
    space, origin, kind, value, context, start, end, head, relation, tail, vector = row
    keys = decode_context(str(context))
    raw = bytes(vector)  # type: ignore[call-overload]  # a blob
    return (
        space,
        origin,
        kind,
        value if kind == "own" else pairs.get(str(value), value),
        encode_context(tuple(pairs.get(key, key) for key in keys)),
        start,
        end,
        pairs.get(str(head), head),
        relation,
        pairs.get(str(tail), tail),
        "\\x" + raw.hex() if as_text else raw,
    )
