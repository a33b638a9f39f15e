"""The statements on the tables of modeledge: what lives, what a change adds, removes and takes back.

``op_removed`` of a row is null, or the operation that removed it, or minus the undo that brought it back.
The sign is what lets an undo be undone.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa

from kg.errors import StoreError
from kptm.errors import ModeledgeError
from kptm.modeledge.records import Record, around, joined, operation, parted, record, space

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

PAGE = 20_000
LIVES = sa.or_(record.c.op_removed.is_(None), record.c.op_removed < 0)
_UNDONE = re.compile(r"(undo|redo) of operation (\d+)\b")


def begin(connection: sa.Connection, kind: str, note: str) -> int:
    """Open a new operation and return its number."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    result = connection.execute(sa.insert(operation).values(kind=kind, note=note, at=at))
    return int(result.inserted_primary_key[0])  # type: ignore[index]  # one row, one key


def newest(connection: sa.Connection) -> int:
    """The number of the newest operation, 0 for an empty store."""
    return int(connection.execute(sa.select(sa.func.max(operation.c.id))).scalar() or 0)


def space_of(connection: sa.Connection, name: str) -> sa.Row[Any] | None:
    """The row of a space, None when there is none."""
    return connection.execute(sa.select(space).where(space.c.name == name)).first()


def mentions(key: str) -> sa.ColumnElement[bool]:
    """Whether ``key`` stands in the context; LIKE would take "US" for "us" on SQLite."""
    return sa.func.replace(record.c.context, around(key), "") != record.c.context


def remove(connection: sa.Connection, number: int, *conditions: sa.ColumnElement[bool]) -> int:
    """Remove live rows; return how many."""
    change = sa.update(record).where(LIVES, *conditions).values(op_removed=number)
    return int(connection.execute(change).rowcount)


def undo(connection: sa.Connection, number: int, note: str) -> int:
    """Take back an operation, or an undo; return how many rows changed."""
    kept = connection.execute(sa.select(operation).where(operation.c.id == number)).first()
    undone = _UNDONE.match(kept.note) if kept is not None and kept.kind == "undo" else None
    first = int(undone[2]) if undone else number
    again = undone is not None and undone[1] == "undo"
    text = f"{'redo' if again else 'undo'} of operation {first}" + (f"; {note}" if note else "")
    new = begin(connection, "undo", text)
    if again:  # as it was before that undo
        taken = remove(connection, first, record.c.op_removed == -number)
        change = sa.update(record).where(record.c.op_removed == number).values(op_removed=None)
    else:
        taken = remove(connection, new, record.c.op_added == first)
        change = sa.update(record).where(record.c.op_removed == first).values(op_removed=-new)
    return taken + int(connection.execute(change).rowcount)


def insert(
    connection: sa.Connection,
    number: int,
    vectors: NDArray[np.float32],
    values: Sequence[str],
    name: str,
    source: str,
    records: Sequence[Record],
) -> None:
    """Add rows; the space is made by its first ones.

    Raises:
        ModeledgeError: Shapes do not fit, or a number is not finite.
    """
    if vectors.ndim != 2 or not len(vectors) == len(values) == len(records):
        raise ModeledgeError(
            f"{len(values)} values and {len(records)} records need as many vectors, not an array of"
            f" shape {vectors.shape}"
        )
    if not np.isfinite(vectors).all():
        raise ModeledgeError("a vector holds a number that is not finite")
    if not len(vectors):
        return
    row = space_of(connection, name)
    if row is None:
        made = connection.execute(sa.insert(space).values(name=name, dim=vectors.shape[1]))
        space_id = made.inserted_primary_key[0]  # type: ignore[index]  # one row, one key
    elif row.dim != vectors.shape[1]:
        raise ModeledgeError(
            f"the space {name} has vectors of width {row.dim}, these have {vectors.shape[1]}"
        )
    else:
        space_id = row.id
    connection.execute(
        sa.insert(record),
        [
            {
                "space_id": space_id,
                "kind": item.kind,
                "value": value,
                "source": source,
                "context": joined(item.context),
                "text": item.text,
                "start": item.start,
                "end": item.end,
                "vector": vector.tobytes(),
                "op_added": number,
            }
            for value, item, vector in zip(values, records, vectors, strict=True)
        ],
    )


def live_vectors(
    connection: sa.Connection, space_id: int, dim: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Stream (row ids, vectors) of a space.

    Raises:
        StoreError: A vector has the wrong size.
    """
    query = (
        sa.select(record.c.id, record.c.vector)
        .where(record.c.space_id == space_id, LIVES)
        .order_by(record.c.id)
        .execution_options(yield_per=PAGE)
    )
    for part in connection.execute(query).partitions():
        if any(len(row.vector) != 4 * dim for row in part):
            raise StoreError("a vector in the database has the wrong size; restore it from a copy")
        ids = np.array([row.id for row in part], dtype=np.int64)
        yield ids, np.frombuffer(b"".join(row.vector for row in part), np.float32).reshape(-1, dim)


def fetch(connection: sa.Connection, ids: Sequence[int]) -> dict[int, Record]:
    """The records of row ids."""
    found: dict[int, Record] = {}
    for start in range(0, len(ids), 500):
        query = sa.select(record).where(record.c.id.in_(ids[start : start + 500]))
        for row in connection.execute(query):
            found[row.id] = Record(
                kind=row.kind,
                value=row.value,
                context=parted(row.context),
                text=row.text,
                start=row.start,
                end=row.end,
            )
    return found


def purge(connection: sa.Connection, names: Sequence[str]) -> int:
    """Delete the records that hold one of ``names``; return how many records and notes held one."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    changed = 0
    for name in names:
        parts = (record.c.value, record.c.source, record.c.text, record.c.context)
        holds = sa.or_(*(part.contains(name, autoescape=True) for part in parts))
        changed += connection.execute(record.delete().where(holds)).rowcount
        noted = operation.c.note.contains(name, autoescape=True)
        changed += connection.execute(operation.update().where(noted).values(note="")).rowcount
    return changed
