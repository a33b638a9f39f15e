"""``[modeledge]`` in ``kptm.toml``: the engine that searches vectors."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kptm.errors import ConfigError

ENGINES = ("faiss", "qdrant", "pgvector")

MEMORY = ":memory:"
"""The URL of Qdrant's client without a server, which compares all rows, in NumPy."""

_COLLECTION = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, kw_only=True)
class EngineConfig:
    """The engine of modeledge's vectors.

    Attributes:
        engine: "faiss" searches in this process; "qdrant" and "pgvector" on a server.
        url: The server, without a password: "http://host:6333" of Qdrant (":memory:" is its client
            alone, for trials), or "postgresql://user@host/name" for pgvector, where "" means the
            database of the store. Qdrant's key is read from QDRANT_API_KEY, PostgreSQL's password
            from PGPASSWORD or ~/.pgpass.
        collection: The first part of the names of this store's indexes on the server; every store
            on a server needs one of its own.
        shard_rows: The number of ids in a shard of FAISS's index, and so the maximum number of its
            rows; 0 for one index.

    Raises:
        ConfigError: The engine is unknown, or the other settings do not fit it.
    """

    engine: str = "faiss"
    url: str = ""
    collection: str = "kptm"
    shard_rows: int = 0

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise ConfigError(f"engine {self.engine!r} is unknown; there is {', '.join(ENGINES)}")
        if not _COLLECTION.fullmatch(self.collection):
            raise ConfigError(
                f"collection {self.collection!r} must begin with a lower-case letter and have at"
                " most 40 of a-z, 0-9 and _"
            )
        if self.shard_rows < 0:
            raise ConfigError(f"shard_rows must not be negative, and is {self.shard_rows}")
        if self.shard_rows and self.engine != "faiss":
            raise ConfigError(f"shard_rows: {self.engine} has no shards here; set engine to faiss")
        if self.engine == "faiss" and self.url:
            raise ConfigError("url: FAISS has no server; set engine to qdrant or pgvector")
        if self.engine == "qdrant" and self.url != MEMORY and not _is_http(self.url):
            raise ConfigError(
                f"url: {self.url!r} is no server of Qdrant; write http://host:6333, or {MEMORY}"
            )
        if self.engine == "pgvector" and self.url and not self.url.startswith("postgresql"):
            raise ConfigError(
                "url: pgvector needs a PostgreSQL URL; write postgresql://user@host/name"
            )
        if re.match(r"[a-z+]+://[^/@]*:[^/@]*@", self.url) or "password=" in self.url:
            raise ConfigError("url: must not have a password, since others read it")


def _is_http(url: str) -> bool:
    return url.startswith(("http://", "https://"))
