"""SQL statements that insert, remove, restore and read records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kg.errors import StoreError
from kptm.errors import ModeledgeError
from kptm.modeledge.records import Entry, Record, decode_context, encode_context, escape_key
from kptm.modeledge.sql import oplog, provenance, spaces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from kg.sql.cursor import Sql
    from kptm.modeledge.sql.spaces import VectorSpace

VECTORS_PER_PAGE = 4_096
"""The number of vectors read at a time."""

_COLUMNS = (
    "id, space_id, live, op_changed, origin_id, kind, value, context, span_start, span_end,"
    " head, relation, tail, vector"
)
_RECORD = (
    "r.id, r.kind, r.value, r.context, o.text, r.span_start, r.span_end, r.head, r.relation, r.tail"
)
_FROM = "FROM modeledge_record r JOIN modeledge_origin o ON o.id = r.origin_id"

Condition = tuple[str, list[Any]]
"""An SQL condition on a record ``r``, with its parameters."""


def mentions(key: str) -> Condition:
    """The condition that the context has ``key``."""
    # Not by LIKE, which ignores case on SQLite.
    return "replace(r.context, ?, '') <> r.context", [escape_key(key)]


def all_of(*conditions: Condition) -> Condition:
    """The conjunction of conditions."""
    return " AND ".join(f"({text})" for text, _ in conditions) or "1 = 1", [
        parameter for _, parameters in conditions for parameter in parameters
    ]


def any_of(*conditions: Condition) -> Condition:
    """The disjunction of conditions."""
    return " OR ".join(f"({text})" for text, _ in conditions) or "1 = 0", [
        parameter for _, parameters in conditions for parameter in parameters
    ]


def insert(
    sql: Sql,
    operation: int,
    space: VectorSpace,
    vectors: NDArray[np.float32],
    values: Sequence[str],
    records: Sequence[Record],
    digests: Sequence[str],
    attested: Mapping[str, Iterable[str]],
) -> range:
    """Insert rows with their origins and the sources that attest these; return their ids.

    Raises:
        ModeledgeError: A number is too large for the space's precision.
    """
    with np.errstate(over="ignore"):
        stored = vectors.astype(space.dtype, copy=False)
    if not np.isfinite(stored).all():
        raise ModeledgeError(f"a vector has a number that is too large for {space.precision}")
    texts = {digest: item.text for digest, item in zip(digests, records, strict=True)}
    numbers = provenance.ids(sql, texts)
    for source, of_source in attested.items():
        provenance.attest(sql, operation, source, (numbers[digest] for digest in of_source))
    first = next_id(sql)
    rows = (
        (
            number, space.id, 1, operation, numbers[digest], item.kind, value,
            encode_context(item.context), item.start, item.end, *(item.triple or ("", "", "")),
            _blob(vector, sql.postgresql),
        )
        for number, (vector, value, item, digest) in enumerate(
            zip(stored, values, records, digests, strict=True), first
        )
    )  # fmt: skip
    sql.insert("modeledge_record", _COLUMNS, rows)
    ids = range(first, first + len(stored))
    oplog.note(sql, operation, space.id, True, ids)
    return ids


def _blob(vector: NDArray[Any], as_text: bool) -> bytes | str:
    return "\\x" + vector.tobytes().hex() if as_text else vector.tobytes()


def next_id(sql: Sql) -> int:
    """An id that no row has or ever had, deleted rows included."""
    last_row = sql.one("SELECT max(id) FROM modeledge_record") or 0
    last_logged = sql.one("SELECT max(last) FROM modeledge_log") or 0
    return int(max(last_row, last_logged)) + 1


def remove(sql: Sql, operation: int, condition: Condition) -> list[int]:
    """Remove live rows; return their ids."""
    text, parameters = condition
    query = f"SELECT r.id, r.space_id {_FROM} WHERE r.live = 1 AND ({text}) ORDER BY r.id"
    return _set_live(sql, operation, sql.all(query, parameters), live=False)


def restore(sql: Sql, operation: int, condition: Condition) -> list[int]:
    """Restore removed rows; return their ids."""
    text, parameters = condition
    query = f"SELECT r.id, r.space_id {_FROM} WHERE r.live = 0 AND ({text}) ORDER BY r.id"
    return _set_live(sql, operation, sql.all(query, parameters), live=True)


def remove_inserted(sql: Sql, undone: int, operation: int) -> list[int]:
    """Remove the live rows that an operation inserted; return the ids.

    Rows that other sources attest stay: only the added attestation is undone.
    """
    attested = (
        "EXISTS (SELECT 1 FROM modeledge_attestation a WHERE a.origin_id = r.origin_id"
        f" AND a.live = 1 AND a.op_changed {{}} {undone:d})"
    )
    not_by_others = f"NOT ({attested.format('=')} AND {attested.format('<>')})"
    rows = _changed_by(sql, undone, True, f"r.live = 1 AND {not_by_others}")
    return _set_live(sql, operation, [row[:2] for row in rows], live=False)


def removed_by(sql: Sql, undone: int) -> list[tuple[int, int, int]]:
    """The (id, space, origin) of the removed rows that an operation changed last."""
    return _changed_by(sql, undone, False, f"r.live = 0 AND r.op_changed = {undone:d}")


def restore_attested(
    sql: Sql, operation: int, removed: Sequence[tuple[int, int, int]], attested: set[int]
) -> list[int]:
    """Restore the rows whose origins have a source; return the ids."""
    rows = [(number, space) for number, space, origin in removed if origin in attested]
    return _set_live(sql, operation, rows, live=True)


def _changed_by(sql: Sql, operation: int, live: bool, condition: str) -> list[tuple[int, int, int]]:
    """The (id, space, origin) of rows that an operation inserted (or else removed).

    Args:
        sql: A transaction.
        operation: The operation.
        live: Whether it inserted the rows, or removed them.
        condition: A condition on the present state of the row ``r``.
    """
    query = (
        "SELECT r.id, r.space_id, r.origin_id FROM modeledge_record r"
        f" WHERE r.id BETWEEN ? AND ? AND {condition}"
    )
    rows: list[tuple[int, int, int]] = []
    for lines in oplog.changed_by(sql, operation):
        if lines.live == live:
            rows += sql.all(query, (lines.first, lines.last))
    return sorted(rows)


def _set_live(
    sql: Sql, operation: int, rows: Sequence[tuple[int, int]], *, live: bool
) -> list[int]:
    """Make rows (id, space) live or not, and log it; return their ids."""
    ids = [number for number, _ in rows]
    listed, parameter = sql.values(ids)
    if ids:
        sql.run(
            f"UPDATE modeledge_record SET live = ?, op_changed = ? WHERE id IN {listed}",
            (int(live), operation, parameter),
        )
    for space in sorted({space for _, space in rows}):
        oplog.note(sql, operation, space, live, [number for number, of in rows if of == space])
    return ids


def fetch(sql: Sql, ids: Sequence[int], *, live: bool = True) -> dict[int, Record]:
    """The records of ids; all of them, or only the live ones."""
    listed, parameter = sql.values(list(ids))
    alive = " AND r.live = 1" if live else ""
    query = f"SELECT {_RECORD} {_FROM} WHERE r.id IN {listed}{alive}"
    return {row[0]: _record(row) for row in sql.all(query, (parameter,))}


def _record(row: tuple[Any, ...]) -> Record:
    _, kind, value, context, text, start, end, head, relation, tail = row
    return Record(
        kind=kind,
        value=value,
        context=decode_context(context),
        text=text,
        start=start,
        end=end,
        triple=(head, relation, tail) if relation else None,
    )


def entries(sql: Sql, space: VectorSpace) -> Iterator[list[tuple[Entry, NDArray[np.float32]]]]:
    """Stream a space's live records with their vectors, a page at a time."""
    last = 0
    query = (
        f"SELECT {_RECORD}, r.origin_id, r.vector {_FROM}"
        " WHERE r.id > ? AND r.space_id = ? AND r.live = 1 ORDER BY r.id LIMIT ?"
    )
    while rows := sql.all(query, (last, space.id, VECTORS_PER_PAGE)):
        last = rows[-1][0]
        sources_of = provenance.sources(sql, sorted({row[-2] for row in rows}))
        vectors = _numbers([row[-1] for row in rows], space)
        yield [
            (Entry(row[0], _record(row[:-2]), tuple(sources_of.get(row[-2], ()))), vector)
            for row, vector in zip(rows, vectors, strict=True)
        ]


def count(sql: Sql, space: VectorSpace) -> int:
    """The number of live rows of a space."""
    query = "SELECT count(*) FROM modeledge_record WHERE space_id = ? AND live = 1"
    return int(sql.one(query, (space.id,)) or 0)


def vectors(
    sql: Sql, space: VectorSpace, span: range | None = None
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Stream (ids, vectors) of a space's live rows, of all or of the ids in ``span``.

    Raises:
        StoreError: A vector has the wrong size.
    """
    until = "" if span is None else f" AND id < {span.stop:d}"
    query = (
        "SELECT id, vector FROM modeledge_record"
        f" WHERE id > ?{until} AND space_id = ? AND live = 1 ORDER BY id LIMIT ?"
    )
    last_id = 0 if span is None else span.start - 1
    while rows := sql.all(query, (last_id, space.id, VECTORS_PER_PAGE)):
        last_id = rows[-1][0]
        ids = np.fromiter((row[0] for row in rows), np.int64, len(rows))
        yield ids, _numbers([row[1] for row in rows], space)


def vectors_of(sql: Sql, space: VectorSpace, ids: Sequence[int]) -> Iterator[NDArray[np.float32]]:
    """The vectors of ids, live or not, in their order, a page at a time.

    Raises:
        StoreError: There is no such row, or its vector has the wrong size.
    """
    for start in range(0, len(ids), VECTORS_PER_PAGE):
        part = list(ids[start : start + VECTORS_PER_PAGE])
        listed, parameter = sql.values(part)
        query = f"SELECT id, vector FROM modeledge_record WHERE id IN {listed}"
        blob_of: Mapping[int, bytes] = dict(sql.all(query, (parameter,)))
        if len(blob_of) < len(part):
            raise StoreError(f"{len(part) - len(blob_of):,} rows are gone from the database")
        yield _numbers([blob_of[number] for number in part], space)


def _numbers(blobs: Sequence[bytes], space: VectorSpace) -> NDArray[np.float32]:
    if any(len(blob) != space.bytes for blob in blobs):
        raise StoreError("a vector in the database has the wrong size; restore it from a copy")
    return (
        np.frombuffer(b"".join(blobs), space.dtype)
        .reshape(-1, space.dim)
        .astype(np.float32, copy=False)
    )


def stats(sql: Sql) -> dict[str, int]:
    """The number of live records of each space that has any."""
    counts = {space.name: count(sql, space) for space in spaces.list_all(sql)}
    return {name: number for name, number in counts.items() if number}
