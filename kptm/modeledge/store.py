"""Modeledge: vectors with their values and provenance, durable, searchable, undoable."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa

from kg.store.database import Database
from kptm.errors import ModeledgeError
from kptm.modeledge import rows
from kptm.modeledge.records import Hit, Record, operation, record, space

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText
    from kptm.modeledge.index import FlatIndex
    from kptm.modeledge.writing import Cloze

BATCH = 64
"""Documents that are written in one transaction."""


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
        vectors = _numbers(vectors)
        records = records or [Record(kind="own", value=value) for value in values]
        with self._database.write() as connection:
            number = rows.begin(connection, "add", f"{len(values)} vectors of {space}")
            rows.insert(connection, number, vectors, values, space, source, records)
        return number

    def write(
        self,
        model: FusedModel,
        documents: Iterable[LinkedText],
        *,
        progress: Callable[[int], None] | None = None,
    ) -> int:
        """Write the vectors of linked mentions and clozes; return how many were new.

        Documents are taken in fixed batches of 64, each one transaction. A text that is in the store
        already, or was forgotten, is skipped: a run that was cut goes on where it stopped, with the
        same vectors as a run that was not.

        Args:
            model: Whose knowledge it is; the space carries its fingerprint.
            documents: Linked texts; they stream.
            progress: Called with the number of documents done.
        """
        model.eval()
        spaces = spaces_of(model)
        added = done = 0
        for batch in _batches(documents):
            fresh = self._fresh(spaces, batch)
            if fresh:
                added += self._write(model, spaces, fresh)
            done += len(batch)
            if progress is not None:
                progress(done)
        return added

    def _write(self, model: FusedModel, spaces: dict[str, str], fresh: list[LinkedText]) -> int:
        from kptm.modeledge.writing import clozes, encode_clozes, mention_vectors

        asked = [item for document in fresh for item in clozes(document) if item.record.context]
        found = {
            spaces["mention"]: mention_vectors(model, fresh),
            spaces["cloze"]: (encode_clozes(model, asked), [item.record for item in asked]),
        }
        if not any(records for _, records in found.values()):
            return 0
        with self._database.write() as connection:
            number = rows.begin(connection, "write", f"{len(fresh)} texts")
            for name, (vectors, records) in found.items():
                for source, part in _by_source(records):
                    values = [records[row].value for row in part]
                    kept = [records[row] for row in part]
                    rows.insert(connection, number, vectors[part], values, name, source, kept)
        return sum(len(records) for _, records in found.values())

    def _fresh(self, spaces: dict[str, str], batch: list[LinkedText]) -> list[LinkedText]:
        """The linked texts that were never written, each once."""
        named = {source_of(item.text): item for item in batch if item.links}
        query = (
            sa.select(record.c.source)
            .join_from(record, space)
            .where(space.c.name.in_(spaces.values()), record.c.source.in_(named))
        )
        with self._database.read() as connection:
            held = set(connection.execute(query).scalars())
        return [item for source, item in named.items() if source not in held]

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
            number = rows.begin(connection, "edit", note)
            if old is not None:
                pairs = ((old, head), (head, old))
                says_old = sa.or_(
                    *(
                        sa.and_(record.c.value == value, rows.mentions(other))
                        for value, other in pairs
                    )
                )
                rows.remove(connection, number, record.c.kind != "own", says_old)
            records = [item.record for item in statements]
            values = [item.value for item in statements]
            rows.insert(connection, number, keys, values, name, "edit", records)
        return number

    def forget(
        self,
        *,
        source: str | None = None,
        entity: str | None = None,
        text: str | None = None,
        note: str = "",
    ) -> int:
        """Remove the records of a source, of an entity (as value or in the text), or of a text.

        Where several are given, records that fit all of them go.

        Args:
            source: As it was given to :meth:`add`.
            entity: A key.
            text: A whole text.
            note: For the log; what was named by default.

        Returns:
            How many were removed; undo brings them back.

        Raises:
            ModeledgeError: Nothing was named.
        """
        conditions = []
        if source is not None:
            conditions.append(record.c.source == source)
        if entity is not None:
            conditions.append(sa.or_(record.c.value == entity, rows.mentions(entity)))
        if text is not None:
            conditions.append(record.c.text == text)
        if not conditions:
            raise ModeledgeError("forget needs a source, an entity or a text")
        with self._database.write() as connection:
            note = note or f"{source or entity or text}"[:200]
            number = rows.begin(connection, "forget", note)
            gone = rows.remove(connection, number, *conditions)
            if not gone:
                connection.rollback()
        return gone

    def purge(self, names: Collection[str]) -> int:
        """Delete for good the records, live or not, that hold one of ``names`` in any part of theirs.

        Nothing brings them back. Notes on operations that hold a name are emptied.

        Returns:
            How many records were deleted.

        Raises:
            StoreError: Another process reads the database.
        """
        with self._database.write() as connection:
            gone = rows.purge(connection, sorted(names))
        if gone:
            self._database.rewrite()
        self._indexes.clear()
        return gone

    def undo(self, number: int, *, note: str = "") -> int:
        """Take back an operation; an undo is taken back by undoing it. Return how many records changed.

        Args:
            number: The operation.
            note: More for the log; :meth:`operation_of` finds the undo by it.

        Raises:
            ModeledgeError: There is no such operation, or nothing of it is left to undo.
        """
        with self._database.write() as connection:
            changed = rows.undo(connection, number, note)
            if not changed:
                connection.rollback()
        if not changed:
            raise ModeledgeError(f"operation {number} does not exist or has nothing left to undo")
        return changed

    def operation_of(self, note: str) -> int | None:
        """The newest operation with this note, None when there is none."""
        noted = operation.c.note
        same = sa.or_(noted == note, noted.endswith(f"; {note}", autoescape=True))
        query = sa.select(sa.func.max(operation.c.id)).where(same)
        with self._database.read() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else int(found)

    def newest_operation(self) -> int:
        """The number of the newest operation, 0 for an empty store."""
        with self._database.read() as connection:
            return rows.newest(connection)

    # ── reading ──────────────────────────────────────────────────────────────────────────────

    def search(self, vectors: NDArray[np.float32], *, k: int = 8, space: str) -> list[list[Hit]]:
        """The ``k`` nearest live records of each query by cosine similarity, best first.

        Args:
            vectors: Shape (queries, dim).
            k: How many; fewer come back only where fewer exist.
            space: Where to look.

        Raises:
            ModeledgeError: The width is not the space's, or a number is not finite.
        """
        vectors = _numbers(vectors)
        if vectors.ndim != 2 or not np.isfinite(vectors).all():
            raise ModeledgeError(
                f"search takes finite vectors, shape (queries, dim), not {vectors.shape}"
            )
        index = self._index(space, vectors)
        if index is None or k < 1:
            return [[] for _ in vectors]
        scores, ids = index.search(vectors, k)
        with self._database.read() as connection:
            found = rows.fetch(connection, sorted({int(number) for number in ids.ravel()} - {-1}))
        return [
            [
                Hit(found[number].value, float(score), found[number])
                for number, score in zip(row_ids.tolist(), row_scores, strict=True)
                if number in found
            ]
            for row_ids, row_scores in zip(ids, scores, strict=True)
        ]

    def vectors(self, space: str) -> Iterator[tuple[Record, NDArray[np.float32]]]:
        """Stream the live records of a space with their vectors as they were added, oldest first."""
        with self._database.read() as connection:
            kept = rows.space_of(connection, space)
            if kept is None:
                return
            for ids, vectors in rows.live_vectors(connection, kept.id, kept.dim):
                records = rows.fetch(connection, ids.tolist())
                for number, vector in zip(ids.tolist(), vectors, strict=True):
                    yield records[number], vector

    def stats(self) -> dict[str, int]:
        """Live records by space."""
        query = (
            sa.select(space.c.name, sa.func.count())
            .join_from(space, record)
            .where(rows.LIVES)
            .group_by(space.c.name)
            .order_by(space.c.name)
        )
        with self._database.read() as connection:
            return {name: int(count) for name, count in connection.execute(query)}

    def _index(self, name: str, vectors: NDArray[np.float32]) -> FlatIndex | None:
        from kptm.modeledge.index import FlatIndex

        with self._database.read() as connection:
            row = rows.space_of(connection, name)
            if row is None:
                return None
            if vectors.shape[1] != row.dim:
                raise ModeledgeError(
                    f"the space {name} has vectors of width {row.dim}, these are {vectors.shape}"
                )
            # Operations only grow: the newest one says whether the rows have changed.
            newest = rows.newest(connection)
            index = self._indexes.get(name)
            if index is None or index.state != (row.id, newest):
                index = FlatIndex(row.dim, (row.id, newest))
                index.add(rows.live_vectors(connection, row.id, row.dim))
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


def source_of(text: str) -> str:
    """The source of the records that :meth:`Modeledge.write` makes of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _by_source(records: Sequence[Record]) -> Iterator[tuple[str, list[int]]]:
    """Rows by the text they come from, in order."""
    found: dict[str, list[int]] = {}
    for row, item in enumerate(records):
        found.setdefault(source_of(item.text), []).append(row)
    yield from found.items()


def _numbers(vectors: object) -> NDArray[np.float32]:
    try:
        with np.errstate(over="ignore"):  # what is too large becomes inf, which is refused
            return np.asarray(vectors, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise ModeledgeError(f"vectors must be rows of numbers of one width ({error})") from error
