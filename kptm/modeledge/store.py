"""Modeledge: vectors with their values and provenance, durable, searchable, undoable."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa

from kg.errors import StoreError
from kg.store.database import Database
from kptm.errors import ModeledgeError
from kptm.modeledge.records import SEPARATOR, Hit, Record, joined, operation, parted, record, space

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText
    from kptm.modeledge.index import FlatIndex
    from kptm.modeledge.writing import Cloze

BATCH = 64
"""Documents that are written in one transaction."""
PAGE = 20_000


class Modeledge:
    """A store of vectors in the graph's database, or in its own.

    Every change is one transaction and one numbered operation. The FAISS index is made from the rows
    when it is first asked and whenever they have changed; it is never the truth.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._indexes: dict[str, FlatIndex] = {}

    @classmethod
    def open(cls, where: str | Path) -> Modeledge:
        """Open or create a store: a path is a SQLite file, else a SQLAlchemy URL.

        Raises:
            StoreError: It cannot be opened or is not ours.
        """
        return cls(Database(where))

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    # ── writing ──────────────────────────────────────────────────────────────────────────────

    def add(
        self,
        vectors: NDArray[np.float32],
        values: Sequence[str],
        *,
        space: str,
        source: str = "",
        records: Sequence[Record] | None = None,
    ) -> int:
        """Add vectors; durable when it returns.

        Args:
            vectors: Shape (n, dim), finite.
            values: What each stands for.
            space: A name for "made by the same model in the same way"; its width is fixed by the
                first vectors.
            source: Where they come from, to forget them by.
            records: Provenance, one a vector.

        Returns:
            The number of the operation, to undo it by.

        Raises:
            ModeledgeError: Shapes do not fit, or a number is not finite.
        """
        vectors = np.asarray(vectors, dtype=np.float32)
        records = records or [Record(kind="own", value=value) for value in values]
        with self._database.write() as connection:
            number = _begin(connection, "add", f"{len(values)} vectors of {space}")
            _insert(connection, number, vectors, values, space, source, records)
        return number

    def write(
        self,
        model: FusedModel,
        documents: Iterable[LinkedText],
        *,
        progress: Callable[[int], None] | None = None,
    ) -> int:
        """Write the vectors of linked mentions and clozes; return how many were new.

        Documents are taken in fixed batches of 64, each one transaction. A batch that is in the
        store already is skipped, so that a run that was cut goes on where it stopped, with the same
        vectors as a run that was not.

        Args:
            model: Whose knowledge it is; the space carries its fingerprint.
            documents: Linked texts; they stream.
            progress: Called with the number of documents done.
        """
        from kptm.modeledge.writing import clozes, encode_clozes, mention_vectors

        model.eval()
        names = spaces_of(model)
        added = done = 0
        for batch in _batches(documents):
            source = hashlib.sha256("\0".join(item.text for item in batch).encode()).hexdigest()
            if not self._holds(names["cloze"], source):
                asked = [item for document in batch for item in clozes(document)]
                asked = [item for item in asked if item.record.context]
                mentions, records = mention_vectors(model, batch)
                keys = encode_clozes(model, asked)
                with self._database.write() as connection:
                    number = _begin(connection, "write", f"{len(batch)} texts")
                    for name, rows, found in (
                        (names["mention"], mentions, records),
                        (names["cloze"], keys, [item.record for item in asked]),
                    ):
                        values = [item.value for item in found]
                        _insert(connection, number, rows, values, name, source, found)
                added += len(records) + len(asked)
            done += len(batch)
            if progress is not None:
                progress(done)
        return added

    def edit(
        self,
        model: FusedModel,
        statements: Sequence[Cloze],
        *,
        head: str,
        old: str | None,
        note: str,
    ) -> int:
        """Put a changed fact in: what said the old one goes, ``statements`` say the new one.

        Args:
            model: Whose space is changed.
            statements: Clozes that state the new fact, each both ways if one likes.
            head: The entity whose fact it is.
            old: The value that no longer holds, None when there was none.
            note: For the log.

        Returns:
            The number of the operation, to undo it by.
        """
        from kptm.modeledge.writing import encode_clozes

        name = spaces_of(model)["cloze"]
        keys = encode_clozes(model, statements)
        with self._database.write() as connection:
            number = _begin(connection, "edit", note)
            if old is not None:
                pairs = ((old, head), (head, old))
                says_old = sa.or_(
                    *(
                        sa.and_(record.c.value == value, _mentions(other))
                        for value, other in pairs
                    )
                )
                connection.execute(_removal(number, record.c.kind != "own", says_old))
            records = [item.record for item in statements]
            values = [item.value for item in statements]
            _insert(connection, number, keys, values, name, "edit", records)
        return number

    def forget(
        self, *, source: str | None = None, entity: str | None = None, text: str | None = None
    ) -> int:
        """Remove the records of a source, of an entity (as value or in the text), or of a text.

        Returns:
            How many were removed; undo brings them back.

        Raises:
            ModeledgeError: Nothing was named.
        """
        conditions = []
        if source is not None:
            conditions.append(record.c.source == source)
        if entity is not None:
            conditions.append(sa.or_(record.c.value == entity, _mentions(entity)))
        if text is not None:
            conditions.append(record.c.text == text)
        if not conditions:
            raise ModeledgeError("forget needs a source, an entity or a text")
        with self._database.write() as connection:
            number = _begin(connection, "forget", f"{source or entity or text}"[:200])
            gone = connection.execute(_removal(number, *conditions)).rowcount
            if not gone:
                connection.rollback()
        return int(gone)

    def undo(self, number: int) -> int:
        """Take back an operation; return how many records changed.

        Raises:
            ModeledgeError: There is no such operation, or nothing of it is left to undo.
        """
        with self._database.write() as connection:
            new = _begin(connection, "undo", f"undo of operation {number}")
            taken = connection.execute(_removal(new, record.c.op_added == number)).rowcount
            back = connection.execute(
                sa.update(record).where(record.c.op_removed == number).values(op_removed=None)
            ).rowcount
            if not taken + back:
                connection.rollback()
        if not taken + back:
            raise ModeledgeError(f"operation {number} does not exist or has nothing left to undo")
        return int(taken + back)

    def operation_of(self, note: str) -> int | None:
        """The newest operation with this note, None when there is none."""
        query = sa.select(sa.func.max(operation.c.id)).where(operation.c.note == note)
        with self._database.read() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else int(found)

    # ── reading ──────────────────────────────────────────────────────────────────────────────

    def search(
        self, vectors: NDArray[np.float32], *, k: int = 8, space: str
    ) -> list[list[Hit]]:
        """The ``k`` nearest live records of each query by cosine similarity, best first.

        Args:
            vectors: Shape (queries, dim).
            k: How many; fewer come back only where fewer exist.
            space: Where to look.

        Raises:
            ModeledgeError: The width is not the space's.
        """
        vectors = np.asarray(vectors, dtype=np.float32)
        index = self._index(space, vectors)
        if index is None or k < 1:
            return [[] for _ in vectors]
        scores, ids = index.search(vectors, k)
        with self._database.read() as connection:
            found = _fetch(connection, sorted({int(number) for number in ids.ravel()} - {-1}))
        return [
            [
                Hit(found[number].value, float(score), found[number])
                for number, score in zip(row_ids.tolist(), row_scores, strict=True)
                if number in found
            ]
            for row_ids, row_scores in zip(ids, scores, strict=True)
        ]

    def stats(self) -> dict[str, int]:
        """Live records by space."""
        query = (
            sa.select(space.c.name, sa.func.count())
            .join_from(space, record)
            .where(record.c.op_removed.is_(None))
            .group_by(space.c.name)
            .order_by(space.c.name)
        )
        with self._database.read() as connection:
            return {name: int(count) for name, count in connection.execute(query)}

    def _holds(self, name: str, source: str) -> bool:
        query = (
            sa.select(record.c.id)
            .join_from(record, space)
            .where(space.c.name == name, record.c.source == source)
            .limit(1)
        )
        with self._database.read() as connection:
            return connection.execute(query).first() is not None

    def _index(self, name: str, vectors: NDArray[np.float32]) -> FlatIndex | None:
        from kptm.modeledge.index import FlatIndex

        with self._database.read() as connection:
            row = connection.execute(sa.select(space).where(space.c.name == name)).first()
            if row is None:
                return None
            if vectors.ndim != 2 or vectors.shape[1] != row.dim:
                raise ModeledgeError(
                    f"the space {name} has vectors of width {row.dim}, these are {vectors.shape}"
                )
            # Operations only grow: the newest one says whether the rows have changed.
            newest = connection.execute(sa.select(sa.func.max(operation.c.id))).scalar() or 0
            index = self._indexes.get(name)
            if index is None or index.state != (row.id, newest):
                index = FlatIndex(row.dim, (row.id, newest))
                index.add(_live_vectors(connection, row.id, row.dim))
                self._indexes[name] = index
        return index


def spaces_of(model: FusedModel) -> dict[str, str]:
    """The names of a model's spaces: "mention" and "cloze", each with its fingerprint."""
    identity = model.fingerprint()
    return {kind: f"{kind}:{identity}" for kind in ("mention", "cloze")}


def _batches(documents: Iterable[LinkedText]) -> Iterator[list[LinkedText]]:
    batch: list[LinkedText] = []
    for document in documents:
        batch.append(document)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _begin(connection: sa.Connection, kind: str, note: str) -> int:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    result = connection.execute(sa.insert(operation).values(kind=kind, note=note, at=at))
    return int(result.inserted_primary_key[0])


def _mentions(key: str) -> sa.ColumnElement[bool]:
    return record.c.context.contains(SEPARATOR + key + SEPARATOR, autoescape=True)


def _removal(number: int, *conditions: sa.ColumnElement[bool]) -> sa.Update:
    return (
        sa.update(record).where(record.c.op_removed.is_(None), *conditions).values(op_removed=number)
    )


def _insert(
    connection: sa.Connection,
    number: int,
    vectors: NDArray[np.float32],
    values: Sequence[str],
    name: str,
    source: str,
    records: Sequence[Record],
) -> None:
    if vectors.ndim != 2 or not len(vectors) == len(values) == len(records):
        raise ModeledgeError(
            f"{len(values)} values and {len(records)} records need as many vectors, not an array of"
            f" shape {vectors.shape}"
        )
    if not np.isfinite(vectors).all():
        raise ModeledgeError("a vector holds a number that is not finite")
    if not len(vectors):
        return
    row = connection.execute(sa.select(space).where(space.c.name == name)).first()
    if row is None:
        made = connection.execute(sa.insert(space).values(name=name, dim=vectors.shape[1]))
        space_id = made.inserted_primary_key[0]
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


def _live_vectors(
    connection: sa.Connection, space_id: int, dim: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    query = (
        sa.select(record.c.id, record.c.vector)
        .where(record.c.space_id == space_id, record.c.op_removed.is_(None))
        .order_by(record.c.id)
        .execution_options(yield_per=PAGE)
    )
    for part in connection.execute(query).partitions():
        if any(len(row.vector) != 4 * dim for row in part):
            raise StoreError("a vector in the database has the wrong size; restore it from a copy")
        ids = np.array([row.id for row in part], dtype=np.int64)
        yield ids, np.frombuffer(b"".join(row.vector for row in part), np.float32).reshape(-1, dim)


def _fetch(connection: sa.Connection, ids: Sequence[int]) -> dict[int, Record]:
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
