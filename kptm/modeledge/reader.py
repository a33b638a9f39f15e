"""Reads a modeledge store: search, recall, receipts and indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from kptm.errors import ModeledgeError
from kptm.modeledge.record_cache import RecordCache
from kptm.modeledge.records import Hit
from kptm.modeledge.sql import oplog, provenance, receipts, record_rows, spaces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

    from kg.sql.database import Database
    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText
    from kptm.modeledge.engines.engine_config import EngineConfig
    from kptm.modeledge.engines.vector_engine import VectorEngine
    from kptm.modeledge.recall import Recalled
    from kptm.modeledge.records import Entry, Record, RecordFilter
    from kptm.modeledge.sql.receipts import Receipt
    from kptm.modeledge.sql.spaces import VectorSpace
    from kptm.modeledge.vector_index.build_index import Built
    from kptm.modeledge.vector_index.consistency import SpaceCheck
    from kptm.modeledge.vector_index.index_choice import IndexConfig
    from kptm.modeledge.vector_index.indexes import Indexes

    Progress = Callable[[int], None]

SNAPSHOTS = ".index"
"""Suffix of a database's path that names the folder of index snapshots."""


class ModeledgeReader:
    """The reading half of :class:`~kptm.Modeledge`.

    Args:
        database: The database with the store's tables.
        owned: Whether :meth:`close` closes the database too.
        snapshots: The folder of index snapshots; by default a folder beside the file of the
            database, and none for a database on a server.
        engine: The settings of the engine that searches the vectors; FAISS by default.
    """

    def __init__(
        self,
        database: Database,
        *,
        owned: bool = True,
        snapshots: Path | None = None,
        engine: EngineConfig | None = None,
    ) -> None:
        self._database = database
        self._owned = owned
        self._engine_config = engine
        path = database.path
        default = None if path is None else path.with_name(path.name + SNAPSHOTS)
        self._snapshots = snapshots or default
        self._opened_indexes: Indexes | None = None
        self._cache = RecordCache()

    @property
    def database(self) -> Database:
        """The database of the store."""
        return self._database

    def close(self) -> None:
        """Write the snapshots that make the next opening faster, and close the connections."""
        if self._opened_indexes is not None:
            with self._database.reading() as sql:
                all_spaces = spaces.list_all(sql)
            self._opened_indexes.save_due(all_spaces)
            self._opened_indexes.close()
        if self._owned:
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def search(
        self,
        vectors: NDArray[np.float32],
        *,
        k: int = 8,
        space: str,
        where: RecordFilter | None = None,
    ) -> list[list[Hit]]:
        """The ``k`` nearest live records of each query by cosine similarity, best first.

        Args:
            vectors: Shape (queries, dim).
            k: The number of records; fewer are returned only if there are fewer.
            space: The name of the space; one that does not exist has no records.
            where: A filter of the records; None for all.

        Raises:
            ModeledgeError: The width is not that of the space, or a number is not finite.
        """
        vectors = as_float32(vectors)
        if vectors.ndim != 2 or not np.isfinite(vectors).all():
            raise ModeledgeError(
                f"search takes finite vectors, shape (queries, dim), not {vectors.shape}"
            )
        with self._database.quick() as sql:
            state = oplog.state(sql)
            # A thread whose writes may still be rolled back has a cache of its own.
            cache = RecordCache() if self._database.in_transaction else self._cache
            vector_space = cache.space(sql, space, state)
            if vector_space is None or k < 1 or not len(vectors):
                return [[] for _ in vectors]
            spaces.check_width(vector_space, vectors.shape[1])
            scores, ids = self._indexes.search(vector_space, vectors, k, where, state)
            rows = ids.tolist()
            wanted = {number for row in rows for number in row if number >= 0}
            if where is not None and where.operation is not None:
                records: Mapping[int, Record] = record_rows.fetch(sql, sorted(wanted), live=False)
            else:
                records = cache.fetch(sql, wanted, state)
        return [
            [
                Hit(record.value, score, record, number)
                for number, score in zip(row, row_scores, strict=True)
                if (record := records.get(number)) is not None
            ]
            for row, row_scores in zip(rows, scores.tolist(), strict=True)
        ]

    def recall(
        self,
        model: FusedModel,
        documents: LinkedText | Sequence[LinkedText],
        *,
        k: int = 8,
        where: RecordFilter | None = None,
    ) -> list[list[Recalled]]:
        """The records of this model that each text recalls, one list for each text.

        A text with a blank (``[MASK]``) recalls the fact that belongs in its first blank. A text
        without one recalls the records near each of its mentions. A blank or mention after the
        point where the model cuts long texts recalls nothing.

        Args:
            model: The model that encodes the texts.
            documents: Linked texts, or one of them.
            k: How many records to return for each blank or mention.
            where: A filter of the records; None for all.

        Raises:
            ModeledgeError: The store has vectors of other models only. They are refused even if
                they have the same width.
        """
        from kptm.linking import LinkedText
        from kptm.modeledge.recall import recall

        texts = [documents] if isinstance(documents, LinkedText) else list(documents)
        return recall(self, model, texts, k, where)

    def entries(self, space: str) -> Iterator[tuple[Entry, NDArray[np.float32]]]:
        """Stream a space's live records with sources and vectors, oldest first."""
        with self._database.reading() as sql:
            vector_space = spaces.find(sql, space)
            if vector_space is not None:
                for page in record_rows.entries(sql, vector_space):
                    yield from page

    def vectors(self, space: str) -> Iterator[tuple[Record, NDArray[np.float32]]]:
        """Stream a space's live records with their vectors as they were added, oldest first."""
        for entry, vector in self.entries(space):
            yield entry.record, vector

    def sources(self, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
        """The sources that attest the text of each record, sorted, by the id of its row."""
        with self._database.quick() as sql:
            return provenance.sources_of_rows(sql, ids)

    def stats(self) -> dict[str, int]:
        """The number of live records by space."""
        with self._database.reading() as sql:
            return record_rows.stats(sql)

    def spaces(self) -> list[VectorSpace]:
        """The spaces, sorted by name."""
        with self._database.reading() as sql:
            return spaces.list_all(sql)

    # ── indexes ──────────────────────────────────────────────────────────────────────────────

    def build(
        self, space: str, config: IndexConfig | None = None, *, progress: Progress | None = None
    ) -> Built:
        """Build the index of a space, measure its recall, and write its snapshot.

        If the recall of the chosen kind of index is too low, exact search replaces it; the returned
        object names both kinds.

        Raises:
            ModeledgeError: There is no such space.
        """
        from kptm.modeledge.vector_index.index_choice import IndexConfig

        vector_space = self._space(space)
        if vector_space is None:
            names = ", ".join(item.name for item in self.spaces()) or "none"
            raise ModeledgeError(f"there is no space {space}; there are {names}")
        return self._indexes.build(vector_space, config or IndexConfig(), progress)

    def use_engine(self, engine: VectorEngine) -> None:
        """Search with another engine from now on.

        Args:
            engine: An engine, such as one for a server that no setting supports. The store closes
                it.
        """
        from kptm.modeledge.vector_index.indexes import Indexes

        if self._opened_indexes is not None:
            self._opened_indexes.close()
        self._opened_indexes = Indexes(self._database, self._snapshots, engine)

    def verify(self) -> list[SpaceCheck]:
        """Check that rows, log, index and snapshot of every space agree."""
        from kptm.modeledge.vector_index.consistency import check

        with self._database.reading() as sql:
            return [check(sql, self._indexes, item) for item in spaces.list_all(sql)]

    def _space(self, name: str) -> VectorSpace | None:
        with self._database.quick() as sql:
            return spaces.find(sql, name)

    @property
    def _indexes(self) -> Indexes:
        from kptm.modeledge.vector_index.indexes import Indexes

        if self._opened_indexes is None:
            engine = None
            if self._engine_config is not None:
                from kptm.modeledge.engines.engine_choice import open_engine

                engine = open_engine(self._engine_config, self._database, self._snapshots)
            self._opened_indexes = Indexes(self._database, self._snapshots, engine)
        return self._opened_indexes

    # ── receipts ─────────────────────────────────────────────────────────────────────────────

    def receipts(self, *, limit: int = 20) -> list[Receipt]:
        """The receipts of the newest operations, newest first."""
        with self._database.reading() as sql:
            return receipts.listing(sql, limit)

    def receipt(self, number: int) -> Receipt:
        """The receipt of an operation; empty if there is no operation with this number."""
        with self._database.reading() as sql:
            return receipts.of(sql, number)

    def operations_of(self, revision: int) -> list[int]:
        """The operations that belong to a revision of the graph, newest first."""
        with self._database.quick() as sql:
            return receipts.of_revision(sql, revision)

    def newest_operation(self) -> int:
        """The number of the newest operation, 0 for an empty store."""
        with self._database.reading() as sql:
            return oplog.newest(sql)


def as_float32(vectors: Any) -> NDArray[np.float32]:
    """Convert vectors to float32.

    Raises:
        ModeledgeError: The vectors are not rows of numbers of the same width.
    """
    if type(vectors) is np.ndarray and vectors.dtype == np.float32:
        return vectors
    try:
        array = np.asarray(vectors)
        if array.dtype.kind in "cSUmM":  # NumPy would drop imaginary parts and units
            raise TypeError(f"they are of type {array.dtype}")
        with np.errstate(over="ignore"):  # too large numbers become inf, which callers refuse
            return array.astype(np.float32, copy=False)
    except (TypeError, ValueError, OverflowError) as error:
        raise ModeledgeError(f"vectors must be rows of numbers of one width ({error})") from error


def checked_vectors(array: Any, values: int, records: int) -> NDArray[np.float32]:
    """Convert vectors to float32 and check them.

    Args:
        array: The vectors.
        values: The number of values.
        records: The number of records, which must be that of values and vectors.

    Raises:
        ModeledgeError: The numbers differ, or a component is not finite.
    """
    vectors = as_float32(array)
    if vectors.ndim != 2 or not len(vectors) == values == records:
        raise ModeledgeError(
            f"{values} values and {records} records need as many vectors,"
            f" not an array of shape {vectors.shape}"
        )
    if not np.isfinite(vectors).all():
        raise ModeledgeError("a vector has a number that is not finite")
    return vectors
