"""Records that are transferred to another space or store, with their origin and its sources."""

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


STATED_AT = """
CASE WHEN p.kind <> 'undo' THEN p.at ELSE (
SELECT q.at FROM modeledge_log l JOIN modeledge_operation q ON q.id = l.op_id
WHERE l.space_id = r.space_id AND l.live = 1 AND r.id BETWEEN l.first AND l.last
ORDER BY l.seq LIMIT 1) END"""
"""The time at which a live record ``r`` was stated.

That is the time of operation ``p``, which changed it last, unless ``p`` is an undo: then it is the
time at which the record was first inserted.
"""


@dataclass(frozen=True, slots=True)
class TransferRecord:
    """A record that is transferred.

    Attributes:
        id: The id of its row; 0 for a record from a file.
        digest: The digest of its origin.
        record: The provenance of its vector.
        sources: The sources of its origin, sorted.
        at: The time at which it was stated, in UTC as ISO 8601.
    """

    id: int
    digest: str
    record: Record
    sources: tuple[str, ...]
    at: str


def pages(
    sql: Sql, space: VectorSpace, size: int = record_rows.VECTORS_PER_PAGE, last: int = 0
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
        f"SELECT r.id, r.origin_id, o.digest, {STATED_AT} FROM modeledge_record r"
        " JOIN modeledge_origin o ON o.id = r.origin_id"
        f" JOIN modeledge_operation p ON p.id = r.op_changed WHERE r.id IN {listed}"
    )
    origin_of = {row[0]: row[1:] for row in sql.all(query, (parameter,))}
    record_of = record_rows.fetch(sql, ids, live=False)
    sources_of = provenance.sources(sql, sorted({origin for origin, _, _ in origin_of.values()}))
    records = []
    for number in ids:
        origin, digest, at = origin_of[number]
        sources = tuple(sources_of.get(origin, ()))
        records.append(TransferRecord(number, digest, record_of[number], sources, at))
    pages_of_vectors = list(record_rows.vectors_of(sql, space, ids))
    if not pages_of_vectors:
        return records, np.zeros((0, space.dim), np.float32)
    return records, np.concatenate(pages_of_vectors)


def identity(item: TransferRecord, vector: NDArray[np.float32], space: VectorSpace) -> Identity:
    """The identity of a record: origin, kind, value and span.

    For a user's own vector, which has no place in a text, also its context and its numbers.
    """
    record = item.record
    key = (item.digest, record.kind, record.value, str(record.start), str(record.end))
    if record.kind != "own":
        return key
    return *key, encode_context(record.context), vector.astype(space.dtype).tobytes().hex()


def present(
    sql: Sql, space: VectorSpace, items: Sequence[TransferRecord], until: int | None = None
) -> dict[Identity, tuple[bool, str]]:
    """The stored records with the origins of ``items``: whether each is live, and its last change.

    Records whose insertion was undone are left out.

    Args:
        sql: A transaction.
        space: The space.
        items: The records to find.
        until: The id of the last row to read, all by default.
    """
    own_values = sorted({item.record.value for item in items if item.record.kind == "own"})
    state_of: dict[Identity, tuple[bool, str]] = {}
    origins = provenance.find_ids(sql, sorted({item.digest for item in items}))
    listed, parameter = sql.values(list(origins.values()))
    if not origins:
        return state_of
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
        _note(state_of, (digest, kind, value, str(start), str(end)), bool(live), at)
    if own_values:
        value_list, value_parameter = sql.values(own_values)
        # All of a user's own vectors may share one origin, so they are looked up by their value.
        query = (
            f"SELECT {columns.format(', r.context, r.vector')} AND r.kind = 'own'"
            f" AND r.value IN {value_list} AND +r.origin_id IN {listed} ORDER BY r.id"
        )
        for digest, kind, value, start, end, live, at, context, vector in sql.all(
            query, (space.id, value_parameter, parameter)
        ):
            key = (digest, kind, value, str(start), str(end), context, bytes(vector).hex())
            _note(state_of, key, bool(live), at)
    return state_of


def _note(state_of: dict[Identity, tuple[bool, str]], key: Identity, live: bool, at: str) -> None:
    """Note the state of a row; among several rows of an identity, a live one counts."""
    was_live, _ = state_of.get(key, (False, ""))
    if live or not was_live:
        state_of[key] = (live, at)
