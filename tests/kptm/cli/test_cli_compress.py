"""``kptm compress`` writes a smaller model beside the workspace's, and measures both."""

import json

import pytest
from click.testing import CliRunner

from kptm import FusedModel, Workspace
from kptm.cli.main import main
from kptm.fusion.backbones.int8 import is_int8


def run(*arguments, code=0):
    result = CliRunner().invoke(main, [str(item) for item in arguments])
    assert result.exit_code == code, result.output
    return result


def test_an_int8_model_lies_beside_the_original(copied):
    with Workspace.open(copied) as ws:
        own = ws.model().fingerprint()
    found = json.loads(run("compress", copied, "--quantise", "int8", "--json").stdout)
    folder = copied / "compressed" / "int8"
    assert found["folder"] == str(folder)
    assert found["compressed"]["bytes"] < found["original"]["bytes"]
    assert found["original"]["masked_lm"] == pytest.approx(
        found["compressed"]["masked_lm"], rel=0.05
    )
    small = FusedModel.from_pretrained(folder)
    assert is_int8(small.backbone)
    assert small.fingerprint() != own
    with Workspace.open(copied) as ws:
        assert ws.model().fingerprint() == own
        assert "compressed/int8" in ws.purge(entity="Peru").artefacts
    assert not folder.exists()


def test_a_student_learns_from_what_was_indexed_or_given(copied, tmp_path, toy):
    out = tmp_path / "out"
    text = run("compress", copied, "--distil", "layers=1", "--steps", 2, "--out", out).stdout
    assert text.startswith(f"{out}: distil-1, 2 steps on ")
    assert "size: " in text
    assert "masked LM: " in text
    assert FusedModel.from_pretrained(out).backbone.config.num_hidden_layers == 1
    text = run("compress", copied, toy.texts, "--share", "--prune", ".5", "--steps", 1).stdout
    assert "prune-neurons-0.5-share, 1 steps on " in text
    run("compress", copied, "--prune", ".3", "--weights", "-q")
    assert sorted(path.name for path in (copied / "compressed").iterdir()) == [
        "prune-neurons-0.5-share",
        "prune-weights-0.3",
    ]


def test_impossible_requests_are_one_line(copied, tmp_path):
    before = sorted(path.name for path in copied.iterdir())
    assert "choose a method of compression" in run("compress", copied, code=1).stderr
    assert "keep fewer, from 1 to 1" in run("compress", copied, "--distil", "2", code=1).stderr
    run("compress", copied, "--distil", "half", code=2)
    run("compress", copied, "--weights", code=2)
    for place in ("model", "embeddings"):
        error = run("compress", copied, "--share", "--out", copied / place, code=1).stderr
        assert "is a part of the workspace" in error
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "note").touch()
    error = run("compress", copied, "--share", "--out", tmp_path / "mine", code=1).stderr
    assert "holds something else" in error
    run("init", tmp_path / "new")
    error = run("compress", tmp_path / "new", "--share", code=1).stderr
    assert error.endswith("has no model yet; run kptm pretrain\n")
    assert sorted(path.name for path in copied.iterdir() if path.name[0] != ".") == [
        name for name in before if name[0] != "."
    ]


def test_a_workspace_without_texts_says_so(trained, tmp_path, copied):
    with Workspace.open(copied) as ws:
        for source in {passage.source for passage in ws.passages.stream()}:
            ws.forget(source=source)
    error = run("compress", copied, "--share", code=1).stderr
    assert "has no text to learn from; run kptm index, or name texts" in error
    run("compress", copied, "--quantise", "int8")
