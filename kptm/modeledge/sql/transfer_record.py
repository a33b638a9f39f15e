"""Records on their way to another space or store, with their origin's digest and sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kptm.modeledge.records import encode_context
from kptm.modeledge.sql import provenance, record_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from kg.sql.cursor import Sql
    from kptm.modeledge.records import Record
    from kptm.modeledge.sql.spaces import VectorSpace

    Vectors = NDArray[np.float32]
    Identity = tuple[str, ...]


UNDONE = """
p.kind = 'undo' AND NOT EXISTS (SELECT 1 FROM modeledge_operation q WHERE q.kind = 'undo' AND
substr(p.note || ';', 1, length('undo of operation ' || q.id || ';'))
= 'undo of operation ' || q.id || ';')"""
"""The condition that operation ``p`` undid an insertion: its rows then count as never inserted."""


SAID = """
CASE WHEN p.kind <> 'undo' THEN p.at ELSE (
SELECT q.at FROM modeledge_log l JOIN modeledge_operation q ON q.id = l.op_id
WHERE l.space_id = r.space_id AND l.live = 1 AND r.id BETWEEN l.first AND l.last
ORDER BY l.seq LIMIT 1) END"""
"""When a live record ``r`` was stated; ``p`` changed it last, but an undo states nothing anew."""


@dataclass(frozen=True, slots=True)
class TransferRecord:
    """A record on its way.

    Attributes:
        id: The id of its row; 0 for a record from a file.
        digest: The digest of its origin.
        record: Its provenance.
        sources: The sources of its origin, sorted.
        at: The time at which it was stated, in UTC as ISO 8601.
    """

    id: int
    digest: str
    record: Record
    sources: tuple[str, ...]
    at: str


def pages(
    sql: Sql, space: VectorSpace, size: int = record_rows.PAGE, last: int = 0
) -> Iterator[tuple[list[TransferRecord], NDArray[np.float32]]]:
    """Stream live records after the id ``last``, ``size`` at a time, with vectors (size, dim)."""
    while ids := _ids(sql, space, last, size):
        last = ids[-1]
        yield of_ids(sql, space, ids)


def _ids(sql: Sql, space: VectorSpace, last: int, size: int) -> list[int]:
    query = (
        "SELECT id FROM modeledge_record WHERE id > ? AND space_id = ? AND live = 1"
        " ORDER BY id LIMIT ?"
    )
    return [number for (number,) in sql.all(query, (last, space.id, size))]


def of_ids(
    sql: Sql, space: VectorSpace, ids: Sequence[int]
) -> tuple[list[TransferRecord], NDArray[np.float32]]:
    """Rows of a space in the order of the given ids, with their vectors."""
    listed, parameter = sql.values(list(ids))
    query = (
        f"SELECT r.id, r.origin_id, o.digest, {SAID} FROM modeledge_record r"
        " JOIN modeledge_origin o ON o.id = r.origin_id"
        f" JOIN modeledge_operation p ON p.id = r.op_changed WHERE r.id IN {listed}"
    )
    told = {row[0]: row[1:] for row in sql.all(query, (parameter,))}
    records = record_rows.fetch(sql, ids, live=False)
    said = provenance.sources(sql, sorted({origin for origin, _, _ in told.values()}))
    stored = [
        TransferRecord(number, digest, records[number], tuple(said.get(origin, ())), at)
        for number, (origin, digest, at) in ((number, told[number]) for number in ids)
    ]
    parts = list(record_rows.vectors_of(sql, space, ids))
    return stored, np.concatenate(parts) if parts else np.zeros((0, space.dim), np.float32)


def identity(item: TransferRecord, vector: NDArray[np.float32], space: VectorSpace) -> Identity:
    """The identity of a record: origin, kind, value and span.

    For a user's own vectors, which have no place in a text, context and vector count too.
    """
    record = item.record
    key = (item.digest, record.kind, record.value, str(record.start), str(record.end))
    if record.kind != "own":
        return key
    return *key, encode_context(record.context), vector.astype(space.dtype).tobytes().hex()


def present(
    sql: Sql, space: VectorSpace, items: Sequence[TransferRecord], until: int | None = None
) -> dict[Identity, tuple[bool, str]]:
    """Stored records of the origins of ``items``: whether each is live, and its last change.

    Records whose insertion was undone are left out.

    Args:
        sql: A transaction.
        space: The space.
        items: The records to find.
        until: The id of the last row to read, all by default.
    """
    own = sorted({item.record.value for item in items if item.record.kind == "own"})
    found: dict[Identity, tuple[bool, str]] = {}
    known = provenance.find_ids(sql, sorted({item.digest for item in items}))
    listed, parameter = sql.values(list(known.values()))
    if not known:
        return found
    columns = (
        "o.digest, r.kind, r.value, r.span_start, r.span_end, r.live, p.at {}"
        " FROM modeledge_record r"
        " JOIN modeledge_origin o ON o.id = r.origin_id"
        " JOIN modeledge_operation p ON p.id = r.op_changed WHERE r.space_id = ?"
        f" AND NOT (r.live = 0 AND {UNDONE})"
    ) + ("" if until is None else f" AND r.id <= {until:d}")
    query = (
        f"SELECT {columns.format('')} AND r.kind <> 'own' AND r.origin_id IN {listed} ORDER BY r.id"
    )
    for digest, kind, value, start, end, live, at in sql.all(query, (space.id, parameter)):
        _note(found, (digest, kind, value, str(start), str(end)), bool(live), at)
    if own:
        spelt, values = sql.values(own)
        # All of a user's own vectors may share one origin, so they are found by their value.
        query = (
            f"SELECT {columns.format(', r.context, r.vector')} AND r.kind = 'own'"
            f" AND r.value IN {spelt} AND +r.origin_id IN {listed} ORDER BY r.id"
        )
        for digest, kind, value, start, end, live, at, context, vector in sql.all(
            query, (space.id, values, parameter)
        ):
            key = (digest, kind, value, str(start), str(end), context, bytes(vector).hex())
            _note(found, key, bool(live), at)
    return found


def _note(found: dict[Identity, tuple[bool, str]], key: Identity, live: bool, at: str) -> None:
    before = found.get(key, (False, ""))
    if live or not before[0]:
        found[key] = (live, at)
