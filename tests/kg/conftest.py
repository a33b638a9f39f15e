"""Fixtures of the graph's tests: new graphs, each a copy of a template, and small files."""

import shutil
from pathlib import Path

import pytest

from kg import KnowledgeGraph


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """An empty graph on disk; migrating once is enough for all tests."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    KnowledgeGraph.open(path).close()
    return path


@pytest.fixture
def kind():
    """The database of the graphs; the tests of the store run on both kinds."""
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
