"""What the tests of modeledge share: empty stores on both databases, and a tiny model."""

import os
import shutil

import pytest
import sqlalchemy as sa

from benchmarks.store_peers import server
from kptm import FusedModel, FusionConfig, Modeledge
from kptm.modeledge.engines.pgvector_index import PgvectorServer
from kptm.modeledge.engines.qdrant_index import QdrantServer


@pytest.fixture
def place(request, empty_graph, tmp_path):
    """The path or URL of an empty database; ``indirect`` names the kind, SQLite by default."""
    kind = getattr(request, "param", "sqlite")
    if kind != "sqlite":
        server = request.getfixturevalue("postgresql")
        url = server.new() if kind == "postgresql" else server.divided()
        yield url
        server.drop(url)
        return
    path = tmp_path / "store.db"
    shutil.copy(empty_graph, path)
    yield path


@pytest.fixture
def opened(place):
    """A function that opens the store once more; all are closed in the end."""
    stores = []

    def make():
        stores.append(Modeledge.open(place))
        return stores[-1]

    yield make
    for store in stores:
        store.close()


@pytest.fixture(scope="session")
def small_model(embeddings, tokenizer_of, config_of):
    """A fused model of two tiny layers."""
    tokenizer = tokenizer_of("bert")
    built = FusedModel.build(
        config_of("bert", tokenizer), embeddings, FusionConfig(), tokenizer=tokenizer
    )
    return built.eval()


@pytest.fixture(scope="module")
def new_store(empty_graph, tmp_path_factory):
    """A function that opens one more empty store; it is closed with the module."""
    opened = []
    folder = tmp_path_factory.mktemp("stores")

    def make():
        path = folder / f"m{len(opened)}.db"
        shutil.copy(empty_graph, path)
        opened.append(Modeledge.open(path))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


@pytest.fixture
def qdrant_server():
    """A function that connects to Qdrant's client without a server, which compares all rows."""
    qdrant_client = pytest.importorskip("qdrant_client")
    client = qdrant_client.QdrantClient(":memory:")

    def connect():
        server = QdrantServer(client, ":memory:", "kptm", only_exact=True)
        server.close = lambda: None  # the client has the vectors
        return server

    yield connect
    client.close()


@pytest.fixture
def qdrant_engine_server(tmp_path):
    """A function that connects to Qdrant's own engine, in this process."""
    pytest.importorskip("qdrant_edge")
    from benchmarks.scale_parts.qdrant_edge import EdgeClient

    client = EdgeClient(tmp_path / "qdrant")

    def connect():
        server = QdrantServer(client, "this process", "kptm")
        server.close = lambda: None  # closed in the end
        return server

    yield connect
    client.close()


@pytest.fixture(scope="session")
def pgvector_host():
    """A PostgreSQL server that has the extension vector."""
    problem = server.why_no_vectors()
    if problem:
        if os.environ.get("KPTM_REQUIRE_PGVECTOR"):
            pytest.fail(problem)
        pytest.skip(problem)
    with server.running("-c fsync=off -c synchronous_commit=off", vectors=True) as host:
        yield host


@pytest.fixture
def pgvector_server(pgvector_host):
    """A function that connects to an empty database with the extension vector."""
    server.fresh_database(pgvector_host, "vectors")
    url = f"postgresql+psycopg://postgres@/vectors?host={pgvector_host}"

    def connect():
        return PgvectorServer(sa.create_engine(url, poolclass=sa.NullPool), "kptm")

    return connect


@pytest.fixture
def vectors_url(pgvector_host):
    """The URL of an empty database on a server that has the extension vector."""
    server.fresh_database(pgvector_host, "more_vectors")
    return f"postgresql://postgres@/more_vectors?host={pgvector_host}"
