"""Indexes in PostgreSQL with the extension pgvector; the only module that imports its package."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from kptm.errors import ModeledgeError
from kptm.modeledge.engines.server_index import FeedPosition

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import sqlalchemy as sa
    from numpy.typing import NDArray

    from kptm.modeledge.sql.spaces import VectorSpace
    from kptm.modeledge.vector_index.faiss_index import Found
    from kptm.modeledge.vector_index.index_protocol import Allowed

SCHEMA = "kptm_vectors"
"""The schema of all tables with vectors; the tables of the graph are in another one."""

HNSW_LINKS = 32
"""Links of a vector in the graph, as in our HNSW of FAISS."""

MIN_SEARCH_CANDIDATES = 64
"""The least number of candidates of a search, as in our HNSW of FAISS."""

MAX_SEARCH_CANDIDATES = 1_000
"""The most candidates that pgvector takes; more results are found by comparing all rows."""

MAX_HNSW_WIDTH = 2_000
"""The widest vectors for which pgvector has HNSW."""

_FOUND = """
WITH q AS MATERIALIZED (
    SELECT number, query::vector FROM unnest(%s::text[]) WITH ORDINALITY u(query, number)
)
SELECT q.number - 1, r.id, r.score FROM q CROSS JOIN LATERAL (
    SELECT t.id, -(t.embedding <#> q.query) AS score FROM {table} t {where}
    ORDER BY t.embedding <#> q.query LIMIT %s
) r ORDER BY q.number, r.score DESC, r.id
"""


class PgvectorServer:
    """The tables of one store's vectors in a database of PostgreSQL.

    Args:
        engine: SQLAlchemy's engine of the database; it must not be closed here.
        collection: The first part of the names of the tables.

    Raises:
        ModeledgeError: The package pgvector is not installed.
    """

    def __init__(self, engine: sa.Engine, collection: str) -> None:
        try:
            import pgvector.psycopg  # noqa: F401  # fails here and not at the first search
        except ImportError as error:
            raise ModeledgeError(
                'engine = "pgvector" needs its package: pip install "kptm[pgvector]"'
            ) from error
        self._engine = engine
        self.prefix = collection
        self._pooled: Any = None
        self._settings: tuple[int, bool] | None = None

    def index(self, space: VectorSpace, purge: int) -> PgvectorIndex:
        """The index of a space, whether or not it exists.

        Raises:
            ModeledgeError: The vectors are too wide for pgvector's HNSW.
        """
        if space.dim > MAX_HNSW_WIDTH:
            raise ModeledgeError(
                f"the space {space.name} has vectors of width {space.dim}; pgvector has HNSW for at"
                f" most {MAX_HNSW_WIDTH}: use another engine"
            )
        return PgvectorIndex(self, space, f"{self.prefix}_{space.id}_{purge}")

    def drop(self) -> None:
        """Delete all tables of the store."""
        own = re.compile(re.escape(self.prefix) + r"_\d+_\d+")
        query = "SELECT tablename FROM pg_tables WHERE schemaname = %s"
        for (name,) in self.run(query, (SCHEMA,)):
            if own.fullmatch(name):
                self.run(f"DELETE FROM {SCHEMA}.position WHERE name = %s", (name,))
                self.run(f"DROP TABLE IF EXISTS {SCHEMA}.{name}")

    def close(self) -> None:
        """Return the connection to the pool."""
        if self._pooled is not None:
            with self.explain_errors():
                if not self._pooled.driver_connection.closed:
                    self._pooled.driver_connection.autocommit = False
            # Settings and temporary tables must not reach the next user of the connection.
            self._pooled.invalidate()
            self._pooled.close()
            self._pooled = self._settings = None

    @contextmanager
    def explain_errors(self) -> Iterator[None]:
        """Raise errors of the driver as one that names the server.

        Raises:
            ModeledgeError: The server cannot be reached, or has refused a statement.
        """
        import psycopg
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except (psycopg.Error, SQLAlchemyError) as error:
            if self._pooled is not None and self._pooled.driver_connection.closed:
                self._pooled.invalidate()
                self._pooled = self._settings = None  # the next call opens another one
            reason = str(error).strip().partition("\n")[0]
            place = self._engine.url.render_as_string(hide_password=True)
            raise ModeledgeError(f"pgvector at {place}: {reason}") from None

    def connection(self) -> Any:
        """Psycopg's connection, which commits every statement."""
        from pgvector.psycopg import register_vector

        if self._pooled is None:
            self._pooled = self._engine.raw_connection()
            connection = self._pooled.driver_connection
            connection.autocommit = True
            self._require_extension(connection)
            register_vector(connection)
        return self._pooled.driver_connection

    def _require_extension(self, connection: Any) -> None:
        """Create the extension and the schema where they are missing.

        Raises:
            ModeledgeError: The server does not have the extension.
        """
        query = "SELECT 1 FROM pg_available_extensions WHERE name = 'vector'"
        if connection.execute(query).fetchone() is None:
            place = self._engine.url.render_as_string(hide_password=True)
            raise ModeledgeError(
                f"pgvector at {place}: the server does not have the extension vector; install"
                " pgvector there, for its version of PostgreSQL"
            )
        connection.execute("SET client_min_messages = warning")
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {SCHEMA}.position (name text PRIMARY KEY, seq bigint,"
            " operation bigint, at text, recall float8, is_exact boolean)"
        )

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement, and commit it; return its rows."""
        with self.explain_errors():
            cursor = self.connection().execute(statement, parameters)
            return [] if cursor.description is None else cursor.fetchall()

    def set_search(self, breadth: int, is_exact: bool) -> None:
        """Set the number of candidates of HNSW, or that all rows are compared instead."""
        with self.explain_errors():
            connection = self.connection()
        if self._settings != (breadth, is_exact):
            # Without index scans there is no use of HNSW, which is an index that orders rows.
            query = (
                "SELECT set_config('hnsw.ef_search', %s, false),"
                " set_config('enable_indexscan', %s, false)"
            )
            with self.explain_errors():
                connection.execute(query, (str(breadth), "off" if is_exact else "on"))
            self._settings = breadth, is_exact


class PgvectorIndex:
    """A table of ids and vectors with an HNSW index.

    Args:
        server: The server.
        space: The space.
        name: The name of the table.
    """

    needs_rebuild = False  # VACUUM, which PostgreSQL starts itself, repairs the graph

    def __init__(self, server: PgvectorServer, space: VectorSpace, name: str) -> None:
        self._server = server
        self._space = space
        self.name = name
        self._table = f"{SCHEMA}.{name}"
        self.is_exact = False

    @property
    def kind(self) -> str:
        """The kind of index: exact, or pgvector's HNSW."""
        return "pgvector-flat" if self.is_exact else "pgvector-hnsw"

    @property
    def living(self) -> NDArray[np.int64]:
        """The ids of all rows, sorted; read from the server."""
        rows = self._server.run(f"SELECT id FROM {self._table} ORDER BY id")
        return np.fromiter((number for (number,) in rows), np.int64, len(rows))

    def __len__(self) -> int:
        return int(self._server.run(f"SELECT count(*) FROM {self._table}")[0][0])

    def has(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether the table has each of the ids."""
        query = f"SELECT id FROM {self._table} WHERE id = ANY(%s)"
        rows = self._server.run(query, (ids.tolist(),))
        return np.isin(ids, np.fromiter((number for (number,) in rows), np.int64, len(rows)))

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Add rows in one transaction; those that are there stay."""
        from pgvector import Vector

        if not len(ids):
            return
        with self._server.explain_errors():
            connection = self._server.connection()
            with connection.transaction(), connection.cursor() as cursor:
                cursor.execute(
                    "CREATE TEMPORARY TABLE fed (id bigint, embedding vector) ON COMMIT DROP"
                )
                with cursor.copy("COPY fed FROM STDIN WITH (FORMAT BINARY)") as copy:
                    copy.set_types(["int8", "vector"])
                    for number, vector in zip(ids.tolist(), vectors, strict=True):
                        copy.write_row((number, Vector(vector)))
                cursor.execute(
                    f"INSERT INTO {self._table} SELECT id, embedding FROM fed"
                    " ON CONFLICT (id) DO NOTHING"
                )

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Remove rows."""
        if len(ids):
            self._server.run(f"DELETE FROM {self._table} WHERE id = ANY(%s)", (ids.tolist(),))

    def search_ids(
        self, queries: NDArray[np.float32], k: int, allowed: Allowed | None = None
    ) -> Found:
        """Similarities and ids of the nearest rows.

        pgvector's HNSW would apply a filter to what it has found, so that results are missing. With
        a filter all rows that pass are therefore compared.
        """
        is_exact = self.is_exact or allowed is not None or 2 * k > MAX_SEARCH_CANDIDATES
        self._server.set_search(
            min(max(2 * k, MIN_SEARCH_CANDIDATES), MAX_SEARCH_CANDIDATES), is_exact
        )
        where = "" if allowed is None else "WHERE t.id = ANY(%s)"
        texts = ["[" + ",".join(map(repr, query)) + "]" for query in queries.tolist()]
        chosen = [] if allowed is None else [allowed.ids.tolist()]
        rows = self._server.run(_FOUND.format(table=self._table, where=where), [texts, *chosen, k])
        scores = np.full((len(queries), k), -np.inf, np.float32)
        ids = np.full((len(queries), k), -1, np.int64)
        columns = np.zeros(len(queries), np.int64)
        for row, number, score in rows:
            scores[row, columns[row]], ids[row, columns[row]] = score, number
            columns[row] += 1
        return scores, ids

    # ── what only a server's index has ───────────────────────────────────────────────────────

    def create(self) -> None:
        """Create the table empty, in place of an older one."""
        self._server.run(f"DELETE FROM {SCHEMA}.position WHERE name = %s", (self.name,))
        self._server.run(f"DROP TABLE IF EXISTS {self._table}")
        self._server.run(
            f"CREATE TABLE {self._table} (id bigint PRIMARY KEY,"
            f" embedding vector({self._space.dim}) NOT NULL)"
        )
        # A vector is hardly compressible, and a compressed one is slow to read.
        self._server.run(f"ALTER TABLE {self._table} ALTER embedding SET STORAGE PLAIN")

    def finish(self) -> None:
        """Build the HNSW index, for which rows that are there already cost less than later ones."""
        # Vectors have length 1, so the inner product is the cosine.
        self._server.run(
            f"CREATE INDEX IF NOT EXISTS {self.name}_hnsw ON {self._table}"
            f" USING hnsw (embedding vector_ip_ops) WITH (m = {HNSW_LINKS})"
        )
        self._server.run(f"ANALYZE {self._table}")

    def search_exactly(self, is_exact: bool) -> None:
        """Set whether searches compare all rows."""
        self.is_exact = is_exact

    def position(self) -> FeedPosition | None:
        """The stored position; None if the server does not have the table."""
        if self._server.run("SELECT to_regclass(%s)", (self._table,))[0][0] is None:
            return None
        query = (
            f"SELECT seq, operation, at, recall, is_exact FROM {SCHEMA}.position WHERE name = %s"
        )
        rows = self._server.run(query, (self.name,))
        return FeedPosition(*rows[0]) if rows else None

    def note_position(self, position: FeedPosition) -> None:
        """Store a position, after the rows up to it are stored."""
        self._server.run(
            f"INSERT INTO {SCHEMA}.position (name, seq, operation, at, recall, is_exact)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (name) DO UPDATE SET"
            " seq = excluded.seq, operation = excluded.operation, at = excluded.at,"
            " recall = excluded.recall, is_exact = excluded.is_exact",
            (
                self.name,
                position.seq,
                position.operation,
                position.at,
                position.recall,
                position.is_exact,
            ),
        )
