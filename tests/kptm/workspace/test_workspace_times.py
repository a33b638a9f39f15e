"""``[answering]`` in ``kptm.toml`` names the qualifiers that say when a fact holds."""

import pytest

from kg import Literal, Qualifier, Statement, Step, Triple
from kg.programs import Follow, Named, Period
from kptm import ConfigError, Workspace
from kptm.workspace.config import WorkspaceConfig

HEAD = Follow(Named(("F",)), Step("head"), Period("1985", "1985"))


def dated(tail, start, end):
    years = zip(("von", "bis"), (start, end), strict=True)
    return Statement(
        Triple("F", "head", tail), qualifiers=tuple(Qualifier(n, Literal(y)) for n, y in years)
    )


def test_the_names_of_qualifiers_are_settings(new_workspace, tmp_path):
    config = WorkspaceConfig().with_changes(
        ['answering.start=["von"]', 'answering.end=["bis", "until"]']
    )
    with new_workspace(tmp_path / "ws", config) as ws:
        ws.graph.add([dated("Old", "1980", "1990"), dated("New", "1991", "1999")])
        assert ws.graph.evaluate(HEAD).nodes == ("Old",)
    with Workspace.open(tmp_path / "ws") as ws:
        assert ws.graph.evaluate(HEAD).nodes == ("Old",)
        assert ws.graph.at(ws.graph.revision()).evaluate(HEAD).nodes == ("Old",)
        assert ws.graph.follow("F", [Step("head")]) == ["New", "Old"]


def test_names_that_are_no_list_are_refused():
    with pytest.raises(ConfigError, match=r"answering\.start must be a list"):
        WorkspaceConfig().with_changes(['answering.start="von"'])
