"""What the tests of the graph share: fresh graphs that cost a file copy, and small files."""

import os
import shutil
from pathlib import Path

import pytest
from benchmarks.store_peers import server

from kg import KnowledgeGraph

FAST = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off"


class Server:
    """A PostgreSQL server that is thrown away at the end; its databases are copies of an empty graph."""

    def __init__(self, host: str) -> None:
        self.host = host
        self._made = 0
        server.fresh_database(host, "empty_graph")
        KnowledgeGraph.open(self.url("empty_graph")).close()

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self.host}"

    def new(self) -> str:
        """The URL of a new graph."""
        self._made += 1
        name = f"graph{self._made}"
        self._admin(f"CREATE DATABASE {name} TEMPLATE empty_graph")
        return self.url(name)

    def drop(self, url: str) -> None:
        name = url.removeprefix("postgresql+psycopg://postgres@/").partition("?")[0]
        self._admin(f"DROP DATABASE {name} WITH (FORCE)")

    def _admin(self, statement: str) -> None:
        with server.connect(self.host, "postgres", autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(scope="session")
def postgresql():
    """The server; without its programs the tests that need it are skipped, or fail where it is required."""
    problem = server.why_not()
    if problem:
        if os.environ.get("KPTM_REQUIRE_POSTGRES"):
            pytest.fail(problem)
        pytest.skip(problem)
    with server.running(FAST) as host:
        yield Server(host)


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """An empty graph on disk; migrating once is enough for all tests."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    KnowledgeGraph.open(path).close()
    return path


@pytest.fixture
def kind():
    """Where graphs are; the tests of the store have both kinds."""
    return "sqlite"


@pytest.fixture
def new_place(request, kind, template, tmp_path):
    """A function that makes one more empty graph and gives its path or URL."""
    urls = []

    def make(name=None) -> str | Path:
        if kind == "postgresql":
            urls.append(request.getfixturevalue("postgresql").new())
            return urls[-1]
        number = len(list(tmp_path.glob("graph*.db")))
        path = tmp_path / (name or f"graph{number}.db")
        shutil.copy(template, path)
        return path

    yield make
    for url in urls:
        request.getfixturevalue("postgresql").drop(url)


@pytest.fixture
def new_graph(new_place):
    """A function that opens one more empty graph."""
    opened = []

    def make(name=None) -> KnowledgeGraph:
        opened.append(KnowledgeGraph.open(new_place(name)))
        return opened[-1]

    yield make
    for graph in opened:
        graph.close()


@pytest.fixture
def graph(new_graph):
    return new_graph()


@pytest.fixture
def write(tmp_path):
    """A function that writes a file, text or bytes, and returns its path."""

    def make(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make
