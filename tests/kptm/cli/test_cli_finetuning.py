"""``kptm finetune`` and ``kptm classify``."""

import json
import shutil

import pytest
from click.testing import CliRunner

from kptm import FinetunedModel, Workspace
from kptm.cli.main import main


def run(*arguments, code=0):
    result = CliRunner().invoke(main, [str(item) for item in arguments])
    assert result.exit_code == code, result.output
    return result


def answer(*arguments):
    return json.loads(run(*arguments, "--json").stdout)


@pytest.fixture
def rows(tmp_path):
    """Countries and cities of the toy workspace's graph, without links."""
    made = []
    for country, city in (("France", "Paris"), ("Peru", "Lima"), ("Chile", "Santiago")):
        for first, second, label in ((country, city, "has"), (city, country, "in")):
            text = f"{first} and {second}."
            tail = len(text) - 1 - len(second)
            made.append({"text": text, "head": [0, len(first)], "tail": [tail, len(text) - 1],
                         "span": [0, len(first)], "label": label, "labels": [label],
                         "spans": [[0, len(first), label]]})  # fmt: skip
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in made))
    return path


def test_a_model_is_tuned_and_asked(copied, rows, tmp_path):
    common = ("finetune", copied, rows, "--task", "relation", "--set", "epochs=2")
    found = answer(*common, "--dev", rows, "--set", "batch_size=3")
    assert found["folder"] == str(copied / "finetuned" / "relation")
    assert (found["labels"], found["steps"], found["rows"]) == (["has", "in"], 4, 6)
    assert found["links"] == 12  # made with the workspace's graph
    assert found["dev"]["measure"] == "accuracy"
    folder = copied / "finetuned" / "relation"
    tuned = FinetunedModel.from_pretrained(folder)
    with Workspace.open(copied) as ws:
        wanted = [item.to_dict() for item in tuned.predict(rows, linker=ws.linker)]
        unlinked = [item.to_dict() for item in tuned.predict(rows)]
    as_json = json.loads(json.dumps(wanted))
    assert answer("classify", folder, rows) == as_json
    lines = run("classify", folder, rows).stdout.splitlines()
    assert [line.split("\t")[:2] for line in lines] == [
        [str(number), item["label"]] for number, item in enumerate(wanted, 1)
    ]
    score = answer("classify", folder, rows, "--score")
    assert score == found["dev"]
    assert (
        f"accuracy {score['score']:.3f} on 6 rows"
        in run("classify", folder, rows, "--score").stdout
    )
    # Outside the workspace there is no graph, so no links.
    moved = shutil.copytree(folder, tmp_path / "moved")
    assert answer("classify", moved, rows) == json.loads(json.dumps(unlinked))
    assert answer("classify", moved, rows, "--workspace", copied) == as_json


@pytest.mark.parametrize("task", ["typing", "tokens", "text"])
def test_every_task_works(task, copied, rows, tmp_path):
    out = tmp_path / "out"
    said = run("finetune", copied, rows, "--task", task, "--out", out, "--set", "steps=2").stdout
    assert said.startswith(f"{out}: 2 steps on 6 rows with 12 links, 2 labels, loss ")
    assert len(run("classify", out, rows).stdout.splitlines()) == 6
    assert not (copied / "finetuned").exists()


def test_impossible_requests(copied, rows, tmp_path):
    common = ("finetune", copied, rows, "--task")
    assert "Invalid value for '--task'" in run(*common, "ner", code=2).stderr
    assert "no setting 'epoch'" in run(*common, "text", "--set", "epoch=3", code=1).stderr
    assert "epochs must be at least 1" in run(*common, "text", "--set", "epochs=0", code=1).stderr
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("all of it")
    said = run(*common, "text", "--out", tmp_path / "mine", code=1).stderr
    assert "holds something else" in said
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"text": "a", "label": "x"}\n{"text": "a"}\n')
    said = run("finetune", copied, bad, "--task", "text", code=1).stderr.splitlines()[-1]
    assert said.startswith(f'kptm: {bad}, line 2: "label" must be text, but is missing: ')
    shutil.rmtree(copied / "model")
    assert "has no model yet" in run(*common, "text", code=1).stderr
    assert "no fine-tuned model there" in run("classify", tmp_path / "no", rows, code=1).stderr
    assert not (tmp_path / "no").exists()


def test_neither_input_nor_workspace_is_overwritten(copied, rows, tmp_path):
    common = ("finetune", copied, rows, "--task", "text", "--set", "steps=1")
    before = rows.read_bytes()
    out = tmp_path / "out"
    run(*common, "--out", out)
    inside = shutil.copy(rows, out / "rows.jsonl")
    said = run("finetune", copied, inside, "--task", "text", "--out", out, code=1).stderr
    assert f"{out}: holds {inside}, which is read" in said
    said = run(*common, "--dev", inside, "--out", out, code=1).stderr
    assert f"{out}: holds {inside}, which is read" in said
    link = tmp_path / "link"
    link.symlink_to(out)
    assert "which is read" in run(*common, "--dev", inside, "--out", link, code=1).stderr
    assert rows.read_bytes() == before
    for part in ("model", "embeddings/tuned", "pretraining"):
        said = run(*common, "--out", copied / part, code=1).stderr
        assert "is a part of the workspace" in said, part
    run(*common, "--out", copied / "finetuned" / "other")


def test_a_purge_takes_the_tuned_model_too(copied, rows):
    run("finetune", copied, rows, "--task", "text", "--set", "steps=1")
    with Workspace.open(copied) as ws:
        assert "finetuned/text" in ws.purge(entity="Peru").artefacts
    assert not (copied / "finetuned" / "text").exists()
