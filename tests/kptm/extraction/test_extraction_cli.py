"""The commands extract, review, check and evaluate extraction, as a person types them."""

import json

import pytest
from click.testing import CliRunner
from invented_countries import CITIES, COUNTRIES, KNOWN, facts_of, texts_of

from kptm import Workspace
from kptm.cli.main import main
from kptm.cli.verbs import review_verbs

pytestmark = pytest.mark.usefixtures("training")


def run(*arguments, code=0, **options):
    result = CliRunner().invoke(main, [str(item) for item in arguments], **options)
    assert result.exit_code == code, result.output
    return result


def answer(*arguments):
    return json.loads(run(*arguments, "--json").stdout)


@pytest.fixture
def folder(ws):
    ws.close()
    return ws.folder


@pytest.fixture
def extracted(folder, texts):
    run("extract", folder, texts.fresh)
    return folder


def test_extract_says_what_it_did(folder, texts):
    text = run("extract", folder, texts.fresh).stdout
    assert f"{4 * (64 - KNOWN)} texts read, 0 read before" in text
    assert f"proposals wait: kptm review {folder}" in text
    found = answer("extract", folder, texts.fresh)
    assert (found["texts"], found["proposed"]) == (0, 0)
    assert found["waiting"] > 0
    result = run("extract", folder, folder / "missing.txt", code=1)
    assert "missing.txt" in result.stderr


def test_review_lists_and_decides_by_number_and_by_rule(extracted):
    rows = answer("review", extracted)
    assert {"id", "head", "relation", "tail", "confidence", "sentence", "source"} <= set(rows[0])
    assert len(run("review", extracted).stdout.splitlines()) == len(rows)
    first, second = rows[0]["id"], rows[1]["id"]
    found = answer("review", extracted, "--accept", first, "--reject", second)
    assert found["accepted"]["ids"] == [first]
    assert [row["id"] for row in answer("review", extracted, "--state", "rejected")] == [second]
    ruled = answer("review", extracted, "--accept-all", "capital>=.5")["accepted by rule"]
    assert ruled["count"] > 10
    run("undo", extracted, ruled["revision"])
    assert len(answer("review", extracted)) == len(rows) - 2
    result = run("review", extracted, "--accept", first, code=1)
    assert f"proposal {first} cannot be accepted: it is accepted" in result.stderr
    assert "is not a rule" in run("review", extracted, "--accept-all", "x", code=1).stderr


def test_the_prompt_accepts_rejects_edits_and_undoes(extracted, monkeypatch):
    monkeypatch.setattr(review_verbs, "_is_terminal", lambda: True)
    keys = "aruseBorland\n\nNewville\naq"  # fmt: skip
    output = run("review", extracted, "--relation", "capital", input=keys).output
    assert "[a]ccept" in output
    assert "taken back" in output
    with Workspace.open(extracted) as ws:
        counts = ws.graph.proposals.count()
        assert (counts["accepted"], counts["rejected"]) == (2, 0)
        assert ws.proposals(state="accepted")[-1].head == "Borland" or any(
            one.head == "Borland" and one.tail == "Newville"
            for one in ws.proposals(state="accepted")
        )


def test_check_lists_what_breaks_a_constraint(extracted):
    held = answer("check", extracted, "--constraints")
    shown = {row["constraint"] for row in held}
    assert {"domain of capital is country", "range of capital is city"} <= shown
    run("add", extracted, COUNTRIES[0], "capital", CITIES[5], "--exact")
    rows = answer("check", extracted)
    assert {(row["head"], row["reason"]) for row in rows} >= {
        (COUNTRIES[0], "the head has several tails")
    }


def test_a_broken_declared_constraint_is_exit_code_1(extracted):
    config = extracted / "kptm.toml"
    config.write_text(config.read_text().replace("functional = []", 'functional = ["capital"]', 1))
    run("check", extracted)
    run("add", extracted, COUNTRIES[0], "capital", CITIES[5], "--exact")
    run("check", extracted, code=1)


def test_evaluate_extraction_prints_scores(folder, tmp_path):
    gold = tmp_path / "gold.jsonl"
    with gold.open("w") as file:
        for n in range(KNOWN, len(COUNTRIES)):
            for text in texts_of(n):
                stated = [
                    x
                    for x in facts_of(n)
                    if {x[0], x[2]} <= set(text.replace(".", "").replace(",", "").split())
                ]
                said = [x for x in stated if "summer" not in text]
                if "founded" in text:
                    said.append((COUNTRIES[n], "founded", str(1200 + 7 * n)))
                file.write(json.dumps({"text": text, "triples": said}) + "\n")
    found = answer("evaluate", "extraction", folder, gold)
    assert found["precision"] > 0.9
    assert found["recall"] > 0.9
    assert found["new_gold"] == found["gold"]
    assert "triples that the graph lacks" in run("evaluate", "extraction", folder, gold).stdout
