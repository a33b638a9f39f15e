"""What the tests of passages share: empty graphs on both databases."""

import shutil

import pytest

from kg import KnowledgeGraph
from kptm.passages import Passages


@pytest.fixture(params=["sqlite", "postgresql"])
def graph(request, empty_graph, tmp_path):
    """An empty graph."""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql")
        url = server.new()
        with KnowledgeGraph.open(url) as opened:
            yield opened
        server.drop(url)
        return
    path = tmp_path / "graph.db"
    shutil.copy(empty_graph, path)
    with KnowledgeGraph.open(path) as opened:
        yield opened


@pytest.fixture
def passages(graph):
    return Passages.of(graph)
