"""evaluate linking on the command line: the table, the listing, JSON, others' ids, bad files."""

import json

import pytest
from click.testing import CliRunner

from kptm import LinkedText
from kptm.cli.main import main
from kptm.workspace.graph import WorkspaceGraph

TEXTS = (
    "[[FR|France]] borders [[ES|Spain]].",
    "[[IT|Italy]] is not Peru.",
)


@pytest.fixture
def kptm(tmp_path, monkeypatch):
    """Runs ``kptm evaluate linking`` on a small workspace and gold of two texts."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, code=0):
        result = CliRunner().invoke(main, [str(item) for item in arguments])
        assert result.exit_code == code, result.output
        return result.stderr if code else result.stdout

    keys = {"FR": "France", "ES": "Spain", "PE": "Peru"}

    def link(_, texts):  # this tests the measurement, not the linker
        for text in texts:
            places = ((text.find(name), name, key) for key, name in keys.items())
            yield LinkedText.from_spans(
                text, [(at, at + len(name), key) for at, name, key in places if at >= 0]
            )

    monkeypatch.setattr(WorkspaceGraph, "link", link)
    rows = [{"key": key, "label": label} for key, label in keys.items()]
    (tmp_path / "e.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "t.tsv").write_text("FR\tborders\tES\n")
    (tmp_path / "gold.txt").write_text("".join(text + "\n" for text in TEXTS))
    run("load", "ws", "t.tsv", "--entities", "e.jsonl")
    return lambda *rest, **options: run("evaluate", "linking", "ws", *rest, **options)


def test_the_table_and_the_listing(kptm):
    # Text 1: 2 of 2 right. Text 2: Italy is not in the graph, Peru is found but not in the gold.
    shown = kptm("gold.txt").splitlines()
    assert [line.split("\t") for line in shown[:4]] == [
        ["strong", "micro", "0.667", "1.000", "0.800", "2", "3", "2"],
        ["strong", "macro", "0.500", "0.500", "0.500", "", "", ""],
        ["weak", "micro", "0.667", "1.000", "0.800", "2", "3", "2"],
        ["weak", "macro", "0.500", "0.500", "0.500", "", "", ""],
    ]
    assert shown[4:] == ["0 of 1 mentions of entities that the graph lacks were linked"]
    shown = kptm("gold.txt", "--errors")
    assert "not in gold 1" in shown
    assert "\ntext 2\n  not in gold\n    13–17 Peru → Peru (PE), 1.00\n" in shown
    assert "        Italy is not [Peru]." in shown


def test_json(kptm):
    report = json.loads(kptm("gold.txt", "--json"))
    assert (report["gold"], report["found"], report["right"], report["nil_gold"]) == (2, 3, 2, 1)
    assert report["strong_macro"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5}
    assert "errors" not in report
    (error,) = json.loads(kptm("gold.txt", "--errors", "--json"))["errors"]
    assert (error["document"], error["kind"], error["found"]) == (2, "not in gold", "PE")
    assert (error["start"], error["end"], error["gold"]) == (13, 17, None)


def test_ids_of_others(kptm, tmp_path):
    labels = [{"span": [0, 6], "entity_id": "Q142"}, {"span": [15, 20], "entity_id": "Q29"}]
    row = {"text": "France borders Spain.", "labels": labels, "evaluation_span": [0, 14]}
    (tmp_path / "gold.jsonl").write_text(json.dumps(row) + "\n")
    (tmp_path / "keys.tsv").write_text("Q142\tFR\nQ29\tES\n")
    assert "--keys" in kptm("gold.jsonl")
    report = json.loads(kptm("gold.jsonl", "--keys", "keys.tsv", "--json"))
    assert (report["gold"], report["found"], report["right"]) == (1, 1, 1)
    assert "--keys" not in kptm("gold.jsonl", "--keys", "keys.tsv")
    assert kptm("gold.jsonl", "--keys", "keys.tsv", "--errors").endswith("\nno mistakes\n")


def test_errors_are_one_line(kptm, tmp_path):
    (tmp_path / "bad.txt").write_text("good\n[[FR|a [[ES|b]]\n")
    (tmp_path / "bad.tsv").write_text("Q142\n")
    for rest, said in (
        (["bad.txt"], "bad.txt, line 2"),
        (["gold.txt", "--keys", "bad.tsv"], "bad.tsv, line 1"),
        (["missing.jsonl"], "no such file"),
    ):
        lines = kptm(*rest, code=1).splitlines()
        assert len(lines) == 1
        assert said in lines[0]


def test_hostile_text_and_ids(kptm, tmp_path):
    text = "Peru\x1b[31m \ud800 [/red]"
    row = {"text": text, "labels": [{"span": [0, 1], "entity_id": "\ud800'; DROP TABLE entity;--"}]}
    (tmp_path / "gold.jsonl").write_text(json.dumps(row) + "\n")
    shown = kptm("gold.jsonl", "--errors")
    assert "[Peru]\\x1b[31m \\ud800 [/red]" in shown
    assert "\x1b" not in shown
    report = json.loads(kptm("gold.jsonl", "--errors", "--json"))
    assert report["nil_gold"] == 1
    assert text[4:] in report["errors"][0]["context"]
