"""A workspace whose vectors another engine searches: the same rows as with FAISS."""

import shutil

import pytest

from kptm import ConfigError, Workspace
from kptm.workspace import config


def choose(folder, *settings):
    path = folder / "kptm.toml"
    config.write(path, config.read(path).with_changes(settings))


def recalled(ws):
    """The ids of the rows that two sentences recall, and their similarities."""
    texts = ("The capital of France is [MASK].", "Peru borders Chile.")
    hits = [hit for text in texts for place in ws.recall(text, k=5) for hit in place.hits]
    return [hit.id for hit in hits], [hit.score for hit in hits]


def states(folder):
    """What is recalled before and after an edit, something forgotten, and both undone."""
    with Workspace.open(folder) as ws:
        yield recalled(ws)
        edited = ws.edit("France", "capital", "Lima")
        yield recalled(ws)
        forgotten = ws.forget("Chile")["revision"]
        yield recalled(ws)
        ws.undo(forgotten)
        ws.undo(edited)
        yield recalled(ws)
        assert not [found for found in ws.modeledge.verify() if found.problems]


def test_the_same_rows_as_with_faiss(trained, copied, tmp_path):
    with Workspace.open(copied) as ws:
        assert ws.config.modeledge.engine == "faiss"
    wanted = list(states(copied))
    assert all(ids for ids, _ in wanted)
    assert wanted[0] == wanted[-1] != wanted[1]
    other = shutil.copytree(trained, tmp_path / "other")
    choose(other, "modeledge.engine=qdrant", "modeledge.url=:memory:")
    with Workspace.open(other) as ws:
        assert {found.index for found in ws.modeledge.verify()} == {"qdrant-flat"}
    for (ids, scores), (right_ids, right_scores) in zip(states(other), wanted, strict=True):
        assert ids == right_ids
        assert scores == pytest.approx(right_scores, abs=1e-5)


def test_settings_are_refused_when_the_workspace_is_opened(copied):
    with pytest.raises(ConfigError, match=r"\[modeledge\] url: .*no server of Qdrant"):
        choose(copied, "modeledge.engine=qdrant")
