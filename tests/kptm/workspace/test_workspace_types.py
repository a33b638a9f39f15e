"""The settings give the kinds of relations, and each loaded table uses them."""

import pytest

from kg import KGError
from kptm import Workspace
from kptm.errors import ConfigError
from kptm.workspace.config import WorkspaceConfig

TABLE = "head,relation,tail\n" + "".join(
    f"c{n},{relation},{value}\n"
    for n in range(8)
    for relation, value in (("code", n + 100), ("size", n))
)


def kinds(report):
    return {item.relation: item.kind for item in report.typed}


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(TABLE)
    return path


def test_they_overrule_the_guess_of_each_load(new_workspace, tmp_path, table):
    with new_workspace(tmp_path / "plain") as ws:
        assert kinds(ws.load(table)) == {"code": "integer", "size": "integer"}
    settings = WorkspaceConfig().with_changes(['graph.types={Code="text", size="entity"}'])
    with new_workspace(tmp_path / "ws", settings):
        pass
    for _ in range(2):
        with Workspace.open(tmp_path / "ws") as ws:
            assert ws.config.graph.types == {"Code": "text", "size": "entity"}
            assert kinds(ws.load(table)) == {"code": "text"}
            assert {fact.relation for fact in ws.graph.match()} == {"size"}
    with Workspace.open(tmp_path / "ws") as ws:
        assert kinds(ws.load(table, types={"code": "integer"})) == {"code": "integer"}
        assert kinds(ws.load(table, types=False)) == {}


def test_they_apply_only_to_tables_with_the_relation(new_workspace, tmp_path, table):
    settings = WorkspaceConfig().with_changes(['graph.types={code="text"}'])
    others, facts = tmp_path / "others.csv", tmp_path / "facts.nt"
    others.write_text(TABLE.replace("code", "number"))
    facts.write_text('<urn:a> <urn:code> "3"^^<http://www.w3.org/2001/XMLSchema#integer> .\n')
    with new_workspace(tmp_path / "ws", settings) as ws:
        assert kinds(ws.load(others)) == {"number": "integer", "size": "integer"}
        assert ws.load(facts).added == 1
        assert kinds(ws.load(table)) == {"code": "text", "size": "integer"}
        with pytest.raises(KGError, match="no relation is called colour"):
            ws.load(table, types={"colour": "text"})
        with pytest.raises(KGError, match=r"nt has no types to choose \(colour\)"):
            ws.load(facts, types={"colour": "text"})


def test_an_unknown_kind_is_refused(tmp_path):
    with pytest.raises(
        ConfigError, match=r"\[graph\] types: 'code' is 'number', but must be one of entity, text"
    ):
        WorkspaceConfig().with_changes(['graph.types={code="number"}'])
    with pytest.raises(ConfigError, match=r"graph\.types must be dict"):
        WorkspaceConfig().with_changes(["graph.types=3"])
