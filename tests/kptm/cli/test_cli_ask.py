"""``kptm ask`` by question, file, pipe and prompt, and ``kptm evaluate answers``.

On a graph without a model.
"""

import json
import os
import pty
import select
import subprocess
import sys

import pytest
from click.testing import CliRunner

from kptm import Workspace
from kptm.cli.main import main


@pytest.fixture(scope="module")
def ws(toy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("asked") / "ws"
    with Workspace.init(folder) as made:
        made.load_entities(toy.entities)
        made.load(toy.triples)
    return folder


def kptm(*arguments, code=0, **options):
    result = CliRunner().invoke(main, [str(item) for item in arguments], **options)
    assert result.exit_code == code, result.output
    return result


FRANCE, PERU = "What is the capital of France?", "What is the capital of Peru?"


def test_one_question(ws):
    told = kptm("ask", ws, FRANCE).stdout
    first, second = told.splitlines()[:2]
    assert first.startswith("Paris (")  # what a script reads
    assert second == "  The capital of France is Paris."
    assert kptm("ask", ws, FRANCE, "--brief").stdout == "Paris\n"
    assert json.loads(kptm("ask", ws, FRANCE, "--json").stdout)["entity"] == "Paris"


def test_a_source_can_be_left_out(ws):
    assert kptm("ask", ws, FRANCE, "--without", "graph", "--brief").stdout.startswith("unknown (")
    both = ("--without", "model", "--without", "link prediction")
    assert kptm("ask", ws, FRANCE, *both, "--brief").stdout == "Paris\n"
    assert "no source is called" in kptm("ask", ws, FRANCE, "--without", "graf", code=1).output


def test_a_file_is_answered_in_order(ws, tmp_path):
    path = tmp_path / "questions.txt"
    path.write_text(f"{FRANCE}\n\n  \nWho is it?\n{PERU}\r\n")
    for options in ({"input": path.read_bytes()}, {}):
        given = [] if options else ["--file", path]
        lines = kptm("ask", ws, *given, "--json", **options).stdout.splitlines()
        found = [json.loads(line) for line in lines]
        assert [item["question"] for item in found] == [FRANCE, "Who is it?", PERU]
        assert [item["entity"] for item in found] == ["Paris", None, "Lima"]
        brief = kptm("ask", ws, *given, "--brief", **options).stdout.splitlines()
        assert brief[0] == f"{FRANCE}\tParis"
        assert brief[1].startswith("Who is it?\tunknown (")
        assert brief[2] == f"{PERU}\tLima"
    blocks = kptm("ask", ws, "--file", path).stdout.split("\n\n")
    assert [block.splitlines()[0] for block in blocks if block] == [FRANCE, "Who is it?", PERU]
    assert blocks[0].splitlines()[1].startswith("Paris (")
    assert blocks[0].splitlines()[2] == "  The capital of France is Paris."
    assert kptm("ask", ws, "--file", "-", "--brief", input=PERU).stdout == f"{PERU}\tLima\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"\xff\n", "UTF-8"), (b"x" * 20_000, "characters")],
)
def test_questions_before_a_bad_line_are_answered(ws, tmp_path, content, said):
    path = tmp_path / "questions.txt"
    path.write_bytes(FRANCE.encode() + b"\n" + content)
    result = kptm("ask", ws, "--file", path, "--brief", code=1)
    assert result.stdout == f"{FRANCE}\tParis\n"
    assert len(result.stderr.splitlines()) == 1
    assert said in result.stderr
    assert "line 2" in result.stderr


def test_a_question_or_a_file(ws):
    assert "not both" in kptm("ask", ws, FRANCE, "--file", "-", code=2).output


def test_the_prompt(ws, monkeypatch):
    monkeypatch.setattr("kptm.cli.verbs.question_verbs.at_terminal", lambda: True)
    typed = f"{FRANCE}\n\n{'x' * 20_000}\n{PERU}\n"
    result = kptm("ask", ws, "--brief", input=typed)
    assert "Paris\n" in result.stdout
    assert "Lima\n" in result.stdout
    assert "empty" in result.stderr
    assert "20,000 characters" in result.stderr
    lines = kptm("ask", ws, "--json", input=f"{PERU}\n").stdout.splitlines()
    assert json.loads(lines[0].removeprefix("? "))["entity"] == "Lima"


def test_a_follow_up_refers_to_the_last_question(ws, monkeypatch, tmp_path):
    lines = f"{PERU}\nand of chile?\n"
    monkeypatch.setattr("kptm.cli.verbs.question_verbs.at_terminal", lambda: True)
    told = kptm("ask", ws, input=lines).stdout
    chile = "What is the capital of chile?"
    assert f"({chile})\nSantiago (" in told
    assert "\n  The capital of Chile is Santiago.\n" in told
    assert f"({PERU})" not in told
    path = tmp_path / "questions.txt"
    path.write_text(lines)
    found = kptm("ask", ws, "--file", path, "--follow-ups", "--json").stdout.splitlines()
    assert [json.loads(line)["question"] for line in found] == [PERU, chile]
    brief = kptm("ask", ws, "--file", path, "--follow-ups", "--brief").stdout
    assert brief == f"{PERU}\tLima\nand of chile?\tSantiago\n"
    alone = kptm("ask", ws, "--file", path, "--json").stdout.splitlines()
    assert json.loads(alone[1])["question"] == "and of chile?"


def test_how_a_question_was_read(ws):
    told = kptm("ask", ws, PERU, "--explain").stdout
    assert told.startswith("Lima (")
    assert "not both" in kptm("ask", ws, PERU, "--explain", "--brief", code=2).output


@pytest.mark.usefixtures("separate_process")
def test_a_terminal_shows_a_prompt(ws):
    """A terminal that waits for each prompt, as a person does."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "kptm", "ask", str(ws), "--brief"]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE) as process:
        os.close(theirs)
        told = b""
        for expected, typed in ((b"", PERU.encode() + b"\n"), (b"Lima", b"\x04")):
            while expected not in told or not told.endswith(b"? "):
                assert select.select([ours], [], [], 120)[0], told
                told += os.read(ours, 10_000)
            os.write(ours, typed)
        said = process.stderr.read().decode()
    os.close(ours)
    assert process.returncode == 0, said
    assert b"Lima" in told
    assert "Ctrl-D" in said
    assert "Traceback" not in said


@pytest.mark.usefixtures("many_inputs")
def test_evaluate_answers(ws, tmp_path):
    """Five questions: a whole set, half a set, a wrong one, a right refusal, a missing one."""
    gold = tmp_path / "gold.jsonl"
    rows = [
        (FRANCE, ["Paris"], "capital"),
        ("Which country does France border?", ["Spain", "Republic of Chad"], "border"),
        (PERU, ["Madrid", "Atlantis"], "capital"),
        ("Who is it?", [], ""),
        ("What is the capital of Chile?", [], ""),
    ]
    gold.write_text(
        "".join(
            json.dumps({"question": question, "answers": right, "kind": kind}) + "\n"
            for question, right, kind in rows
        )
    )
    found = json.loads(kptm("evaluate", "answers", ws, gold, "--errors", "--json").stdout)
    everything = found["all"]
    assert (everything["questions"], everything["answerable"]) == (5, 3)
    assert everything["hits_at_1"]["mean"] == pytest.approx(2 / 3)
    assert everything["exact"]["mean"] == pytest.approx(1 / 3)
    assert everything["f1"]["mean"] == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert everything["coverage"]["mean"] == pytest.approx(4 / 5)
    assert everything["precision"]["mean"] == pytest.approx(2 / 4)
    assert everything["refused"]["mean"] == pytest.approx(1 / 2)
    assert found["kinds"]["border"]["questions"] == 1
    assert found["kinds"]["border"]["refused"] is None
    assert found["unknown_names"] == ["Atlantis"]
    verdicts = [(item["verdict"], item["answer"]["question"]) for item in found["errors"]]
    assert verdicts == [
        ("other set", rows[1][0]), ("wrong", PERU), ("should be unknown", rows[4][0]),
    ]  # fmt: skip
    told = kptm("evaluate", "answers", ws, gold, "--errors").stdout
    assert "\nHits@1\t0.667 [" in told
    assert "1 answers are not in the graph: Atlantis" in told
    assert f"wrong: {PERU}\n  right: Madrid, Atlantis\n  Lima (" in told
    assert "right: unknown" in told


def test_a_malformed_question_is_one_error(ws, tmp_path):
    path = tmp_path / "gold.tsv"
    path.write_text(f"{FRANCE}\tParis\nno tab\n")
    result = kptm("evaluate", "answers", ws, path, code=1)
    assert "line 2" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("kptm: ")
    assert (
        json.loads(
            kptm("evaluate", "answers", ws, "-", "--json", input=f"{FRANCE}\tParis\n").stdout
        )["all"]["hits_at_1"]["mean"]
        == 1.0
    )
