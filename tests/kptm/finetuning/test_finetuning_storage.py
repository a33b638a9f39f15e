"""A fine-tuned model is read back unchanged, and damaged files are reported."""

import json
import shutil
from dataclasses import replace

import pytest
import toy_tasks

from kptm.errors import ModelError
from kptm.finetuning import FinetunedModel, finetune
from kptm.finetuning.prediction import LabelledSpan, TaskPrediction, score
from kptm.finetuning.task_rows import read_rows

TASKS = ("relation", "typing", "tokens", "text")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A saved model and what it predicts."""
    folder = tmp_path_factory.mktemp("saved") / "model"
    rows = toy_tasks.rows("relation")
    tuned = finetune(
        toy_tasks.model(),
        rows,
        task="relation",
        dev=rows[:3],
        config=replace(toy_tasks.FAST, steps=4),
    )
    tuned.save_pretrained(folder)
    return folder, tuned


@pytest.fixture
def copied(saved, tmp_path):
    return shutil.copytree(saved[0], tmp_path / "model")


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("use_knowledge", [True, False])
def test_a_saved_model_is_read_back_unchanged(task, use_knowledge, tmp_path):
    rows = toy_tasks.rows(task)
    config = replace(toy_tasks.FAST, steps=2, use_knowledge=use_knowledge, threshold=0.3)
    tuned = finetune(toy_tasks.model(), rows, task=task, config=config)
    tuned.save_pretrained(tmp_path / "model")
    again = FinetunedModel.from_pretrained(tmp_path / "model")
    assert again.predict(rows) == tuned.predict(rows)
    assert (again.task, again.labels, again.config) == (task, tuned.labels, config)
    assert again.report == tuned.report
    assert again.fused.fingerprint() == tuned.fused.fingerprint()


def test_a_report_with_scores_comes_back(saved):
    folder, tuned = saved
    assert FinetunedModel.from_pretrained(str(folder)).report == tuned.report
    assert tuned.report.dev.rows == 3


def test_a_model_is_replaced_and_other_things_are_not(saved, copied, tmp_path):
    _, tuned = saved
    tuned.save_pretrained(copied)
    assert FinetunedModel.from_pretrained(copied).labels == tuned.labels
    assert not list(copied.parent.glob(".model.*"))
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("all of it")
    with pytest.raises(ModelError, match="other: holds something else, which would be lost"):
        tuned.save_pretrained(other)
    assert (other / "thesis.txt").exists()
    with pytest.raises(ModelError, match=r"thesis\.txt: cannot be written"):
        tuned.save_pretrained(other / "thesis.txt")


def test_a_folder_without_a_model(tmp_path):
    with pytest.raises(
        ModelError, match=r"no fine-tuned model there \(finetuned\.json is missing\)"
    ):
        FinetunedModel.from_pretrained(tmp_path)


@pytest.mark.parametrize("name", ["classifier.safetensors", "fused/kptm.json", "finetuned.json"])
def test_a_damaged_file_is_told(name, copied):
    path = copied / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match=r"damaged|cannot be read"):
        FinetunedModel.from_pretrained(copied)
    path.unlink()
    with pytest.raises(ModelError, match=rf"{path.name} is missing"):
        FinetunedModel.from_pretrained(copied)


def test_the_fused_models_own_files_are_checked(copied):
    path = copied / "fused" / "fusion.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ModelError, match="damaged"):
        FinetunedModel.from_pretrained(copied)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 9}, "has format 9"),
        ({"labels": ["a"]}, r"damaged \(checksum differs\)"),
        (None, "cannot be read"),
    ],
)
def test_another_kind_of_file(change, said, copied):
    path = copied / "finetuned.json"
    value = None if change is None else {**json.loads(path.read_text()), **change}
    path.write_text(json.dumps(value))
    with pytest.raises(ModelError, match=said):
        FinetunedModel.from_pretrained(copied)


# ── scores, counted by hand ──────────────────────────────────────────────────────────────────


def said(label, labels=(), spans=()):
    return TaskPrediction(
        label, 0.5, labels=labels, spans=tuple(LabelledSpan(*x, 0.5) for x in spans)
    )


def test_scores_are_counted():
    def rows(task, values):
        marks = {"head": [0, 1], "tail": [0, 1], "span": [0, 1]}
        return read_rows([{"text": "abcd", **marks, **value} for value in values], task, gold=True)

    text = rows("text", [{"label": "x"}, {"label": "y"}, {"label": "y"}, {"label": "z"}])
    found = score(text, [said("x"), said("x"), said("y"), said(None)], "text")
    assert (found.measure, found.score, found.precision, found.recall) == (
        "accuracy",
        2 / 4,
        2 / 3,
        2 / 4,
    )
    assert (found.rows, found.cut) == (4, 1)
    typing = rows("typing", [{"labels": ["a", "b"]}, {"labels": []}, {"labels": ["c"]}])
    found = score(typing, [said("a", ("a", "c")), said("a", ("a",)), said("a")], "typing")
    assert (found.precision, found.recall) == (1 / 3, 1 / 3)
    assert found.score == pytest.approx(1 / 3)
    spans = rows("tokens", [{"spans": [[0, 1, "X"], [2, 3, "Y"]]}, {"spans": [[0, 4, "X"]]}])
    answers = [said(None, spans=[(0, 1, "X"), (2, 3, "X")]), said(None, spans=[(0, 3, "X")])]
    found = score(spans, answers, "tokens")
    assert (found.measure, found.precision, found.recall, found.cut) == ("span F1", 1 / 3, 1 / 3, 0)
    assert found.score == pytest.approx(1 / 3)
