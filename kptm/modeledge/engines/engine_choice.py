"""Opens the engine that a store's settings name; its packages are imported only then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.errors import ModeledgeError
from kptm.modeledge.engines.server_engine import ServerEngine

if TYPE_CHECKING:
    from pathlib import Path

    import sqlalchemy as sa

    from kg.sql.database import Database
    from kptm.modeledge.engines.engine_config import EngineConfig
    from kptm.modeledge.engines.vector_engine import VectorEngine


def open_engine(config: EngineConfig, database: Database, root: Path | None) -> VectorEngine | None:
    """The engine of a store; None for FAISS with one index a space, which needs no settings.

    Args:
        config: The settings.
        database: The database of the rows.
        root: The folder of snapshots and shards; None for none.

    Raises:
        ModeledgeError: The engine's package is missing, or the settings name no server.
    """
    if config.engine == "qdrant":
        from kptm.modeledge.engines.qdrant_index import QdrantServer

        return ServerEngine(QdrantServer.connect(config.url, config.collection))
    if config.engine == "pgvector":
        from kptm.modeledge.engines.pgvector_index import PgvectorServer

        return ServerEngine(PgvectorServer(_postgresql(config.url, database), config.collection))
    if config.shard_rows:
        from kptm.modeledge.engines.sharded_engine import ShardedEngine

        return ShardedEngine(database, root, config.shard_rows)
    return None


def _postgresql(url: str, database: Database) -> sa.Engine:
    """SQLAlchemy's engine of the database with the vectors: the store's own without a URL."""
    import sqlalchemy as sa

    from kg.sql.location import with_driver

    if url:
        return sa.create_engine(with_driver(url), poolclass=sa.NullPool)
    if database.engine.dialect.name != "postgresql":
        raise ModeledgeError(
            f"{database.name}: pgvector needs a database of PostgreSQL, and this store is in"
            " SQLite; set url under [modeledge], or kptm move the workspace to PostgreSQL"
        )
    return database.engine
