"""Passages of a workspace without a model: indexed, replaced, undone, purged."""

import json

import pytest

from kptm import Workspace

FACTS = [("Lima", "capital of", "Peru"), ("Quito", "capital of", "Ecuador")]
LINES = ["Lima is the capital of Peru.", "Quito lies high in Ecuador.", "Nothing is named here."]


@pytest.fixture
def ws(tmp_path):
    with Workspace.open(tmp_path / "ws") as opened:
        opened.graph.add(FACTS)
        yield opened


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(LINES) + "\n")
    return path


def live(ws):
    return [item.text for item in ws.passages.stream()]


def test_a_file_is_replaced_and_undone(ws, file):
    assert ws.index(file) == 0
    assert live(ws) == LINES
    first = ws.graph.revision()
    ws.index(file)
    assert ws.graph.revision() == first, "the same file again changes nothing"
    file.write_text("\n".join([LINES[0], "Lima is large."]) + "\n")
    ws.index(file)
    report = ws.changes(ws.graph.revision())
    assert (report.passages_added, report.passages_removed) == (1, 2)
    assert set(live(ws)) == {LINES[0], "Lima is large."}
    ws.undo()
    assert set(live(ws)) == set(LINES)
    ws.undo(first)
    assert live(ws) == []


def test_two_files_of_one_source_are_replaced_separately(ws, file, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("Quito is old.\n")
    ws.index(file, source="wire")
    ws.index(other, source="wire")
    file.write_text(LINES[0] + "\n")
    ws.index(file, source="wire")
    assert set(live(ws)) == {LINES[0], "Quito is old."}
    ws.forget(source="wire")
    assert live(ws) == []


def test_links_follow_the_graph(ws, file):
    ws.index(file)
    assert ws.passages.search(entities=["High"]) == []
    ws.graph.add([("High", "is", "word")])
    file.write_text("\n".join([*LINES, "High up."]))
    ws.index(file)
    assert [item.text for item in ws.passages.search(entities=["High"])] == ["High up."]


@pytest.mark.parametrize("asked", [{"source": "wire"}, {"entity": "Quito"}])
def test_a_purge_leaves_no_byte(tmp_path, asked):
    folder = tmp_path / "purged"
    with Workspace.open(folder) as ws:
        ws.graph.add(FACTS)
        ws.index([LINES[0]])
        ws.index(["Quito has zyzzyvas."], source="wire")
        assert ws.purge(**asked).passages == 1
        assert live(ws) == [LINES[0]]
    held = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"Lima" in held
    assert b"zyzzyvas" not in held.lower()


def test_given_links_are_used(ws):
    from kptm.linking import LinkedText

    ws.index([LinkedText.from_spans("They govern from there.", [(17, 22, "Lima")])])
    assert len(ws.passages.search(entities=["Lima"])) == 1


def test_the_command_says_that_there_is_no_model(ws, file):
    from click.testing import CliRunner

    from kptm.cli.main import main

    ws.close()
    asked = ["index", str(ws.folder), str(file)]
    said = CliRunner().invoke(main, asked)
    assert "3 passages added, 3 in all; 0 vectors added" in said.output
    found = json.loads(CliRunner().invoke(main, [*asked, "--json"]).stdout)
    assert (found["passages_added"], found["passages"]) == (0, 3)
