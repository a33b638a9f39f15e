"""``kptm export --format onnx``: the model, not the graph."""

import json

from click.testing import CliRunner

from kptm import Workspace
from kptm.cli.main import main


def run(*arguments, code=0):
    result = CliRunner().invoke(main, [str(item) for item in arguments])
    assert result.exit_code == code, result.output
    return result


def test_the_model_is_written(copied, tmp_path, monkeypatch):
    asked = []

    def write(model, folder, *, int8):
        asked.append((model.fingerprint(), int8))
        folder.mkdir()
        (folder / "model.onnx").write_bytes(b"x" * 3 * 2**20)

    monkeypatch.setattr(
        "kptm.fusion.export.onnx_graph.export_onnx",
        lambda m, f, int8: write(m, tmp_path / f, int8=int8),
    )  # fmt: skip
    with Workspace.open(copied) as ws:
        own = ws.model().fingerprint()
    one, two = tmp_path / "one", tmp_path / "two"
    assert "an ONNX model of 3.0 MiB" in run("export", copied, one, "--format", "onnx").stdout
    found = json.loads(run("export", copied, two, "--format", "onnx", "--int8", "--json").stdout)
    assert found == {"folder": str(two), "bytes": 3 * 2**20, "int8": True}
    assert asked == [(own, False), (own, True)]


def test_bad_paths_and_missing_models(copied, tmp_path):
    error = run("export", copied, copied / "model", "--format", "onnx", code=1).stderr
    assert "is a part of the workspace" in error
    run("export", copied, tmp_path / "out.jsonl", "--int8", code=2)
    run("init", tmp_path / "new")
    error = run("export", tmp_path / "new", tmp_path / "out", "--format", "onnx", code=1).stderr
    assert error.endswith("has no model yet; run kptm pretrain\n")
    assert not (tmp_path / "out").exists()
