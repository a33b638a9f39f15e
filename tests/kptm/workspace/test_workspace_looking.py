"""A workspace can do in Python all that the command line can do."""

import inspect

import pytest

from kg.errors import EmbeddingError, UnknownKeyError
from kptm import Workspace
from kptm.cli.main import main

NOT_OF_A_WORKSPACE = {
    "example", "new", "serve", "mcp", "evaluate", "demo", "map", "doctor", "backup", "restore",
    "move", "token",
}  # fmt: skip
"""Verbs with functions of their own: pages, servers and measurements, which are above a workspace.

A workspace that is damaged or not yet there cannot be opened: ``kptm.workspace.examine``,
``back_up``, ``restore`` and ``move`` take its folder. Tokens are those of a server.
"""


def test_every_verb_is_a_method_with_a_docstring():
    for name in set(main.commands) - NOT_OF_A_WORKSPACE:
        method = getattr(Workspace, name)
        assert callable(method), name
        assert inspect.getdoc(method), name


@pytest.fixture
def ws(new_workspace, tmp_path):
    with new_workspace(tmp_path / "ws") as opened:
        opened.graph.add([("France", "capital", "Paris"), ("Paris", "river", "Seine")])
        yield opened


def test_looking_by_any_name(ws):
    assert [item.key for item in ws.search("fran")] == ["France"]
    assert ws.search("fran", at=0) == []
    assert [item.fact[2] for item in ws.describe("france").facts] == ["Paris"]
    assert [tuple(x) for x in ws.neighbours("PARIS", direction="out")] == [
        ("Paris", "river", "Seine")
    ]
    assert len(ws.paths("france", "seine")[0]) == 2
    assert [item.fact[2] for item in ws.history("france")] == ["Paris"]
    assert [item.kind for item in ws.revisions()] == ["add"]
    assert ws.history("France", limit=0) == []
    with pytest.raises(UnknownKeyError):
        ws.history("Atlantis")
    with pytest.raises(EmbeddingError, match="head or tail"):
        ws.predict("capital")
