"""What a contestant is: a class with a few methods, and the table of all of them."""

import hashlib
import json
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

BATCH = 50_000
"""Rows that contestants which batch hand over at once."""


@dataclass(frozen=True)
class Place:
    """Where a contestant works.

    Attributes:
        tsv: The triples, ``head⇥relation⇥tail``.
        prepared: Its folder for files made beforehand; kept between repeats.
        store: Its own empty folder; all of it counts as its disk space.
        host: The folder of the PostgreSQL server's socket, "" without one.
    """

    tsv: Path
    prepared: Path
    store: Path
    host: str = ""


class Peer:
    """One contestant. ``load`` and the two questions are timed, the rest is not."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def prepare(self) -> None:
        """Convert the data, in a process of its own, once for all repeats."""

    def setup(self) -> None:
        """What comes before the clock starts: lazy imports, an empty database on the server."""

    def load(self) -> None:
        """Read the data and leave them stored for good, files closed."""
        raise NotImplementedError

    def open(self) -> None:
        """Open what was loaded to ask it."""

    def count(self) -> int:
        """How many distinct triples it holds."""
        raise NotImplementedError

    def one_hop(self, key: str) -> list[tuple[str, ...]]:
        """The triples of a head; the last two parts of each row are relation and tail."""
        raise NotImplementedError

    def two_hop(self, key: str) -> list[str] | list[tuple[str]]:
        """The distinct ends of two steps from a head."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of files and connections."""

    def disk(self) -> int | None:
        """Bytes on disk after the load; None for a contestant that only lives in memory."""
        return sum(path.stat().st_size for path in self.place.store.rglob("*") if path.is_file())


@dataclass(frozen=True)
class Contestant:
    """A row of the table, before anything of it is imported.

    Attributes:
        name: As the table and ``--only`` call it.
        module: Where its class ``Peer`` is, below this package.
        package: What must be installed; "" where Python has it.
        server: Whether it needs PostgreSQL.
        most: The largest number of triples it is asked to load; 0 for any.
    """

    name: str
    module: str
    package: str = ""
    server: bool = False
    most: int = 0

    def peer(self, place: Place) -> Peer:
        """Import its module and make it."""
        return import_module(f"store_peers.{self.module}").Contender(place)


KPTM, RAW = "kptm", "raw sqlite3"
KPTM_SERVER, RAW_SERVER = "kptm on PostgreSQL", "raw COPY"

CONTESTANTS = (
    Contestant(RAW, "raw_sqlite"),
    Contestant(KPTM, "kptm_graph", "kg"),
    Contestant("SQLAlchemy Core dicts", "core_dicts", "sqlalchemy"),
    Contestant("pyoxigraph", "oxigraph", "pyoxigraph"),
    Contestant("Kùzu", "kuzu_graph", "kuzu"),
    Contestant("DuckDB", "duckdb_tables", "duckdb"),
    Contestant("NetworkX", "networkx_graph", "networkx", most=3_000_000),
    Contestant("RDFLib", "rdflib_graph", "rdflib", most=1_500_000),
    Contestant(RAW_SERVER, "raw_copy", "psycopg", server=True),
    Contestant(KPTM_SERVER, "kptm_server", "psycopg", server=True),
)


class Digest:
    """A hash of all answers, whatever order each came in."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def pairs(self, key: str, rows: list[tuple[str, ...]]) -> None:
        """Take in the answer to a one-hop question."""
        self._add(key, sorted([*row[-2:]] for row in rows))

    def ends(self, key: str, rows: list[str] | list[tuple[str]]) -> None:
        """Take in the answer to a two-hop question; an end given twice counts twice."""
        self._add(key, sorted(row if isinstance(row, str) else row[0] for row in rows))

    def _add(self, key: str, rows: list) -> None:
        self._hash.update(json.dumps([key, rows]).encode())

    def text(self) -> str:
        """The hash so far."""
        return self._hash.hexdigest()
