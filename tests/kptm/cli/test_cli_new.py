"""``kptm new``: from files to a workspace that answers."""

import json

import pytest
from click.testing import CliRunner

from kptm import Workspace
from kptm.cli.main import main

FILMS = "Title,Director,Year\nAlien,Ridley Scott,1979\nJaws,Steven Spielberg,1975\n"
TWICE = "name,size\nA,1\nA,2\nB,3\n"


@pytest.fixture
def kptm(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "films.csv").write_text(FILMS)
    (tmp_path / "twice.csv").write_text(TWICE)
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("Alien was shot by Ridley Scott in Shepperton.\n")
    (tmp_path / "texts" / "photo.jpg").write_bytes(b"\xff\xd8")

    def run(*arguments, code=0):
        result = CliRunner().invoke(main, [str(item) for item in arguments])
        assert result.exit_code == code, result.output
        return result

    return run


def test_files_become_a_workspace_that_answers(kptm):
    result = kptm("new", "my", "films.csv", "texts", "--json")
    assert "named by column 'Title'; its relations are Director, Year" in result.stderr
    found = json.loads(result.stdout)
    assert found["files"]["films.csv"]["added"] == 4
    assert [path.rpartition("/")[2] for path in found["left_out"]] == ["photo.jpg"]
    question, answer = found["example"]
    assert "Director of Alien" in question
    assert "Ridley Scott" in answer
    with Workspace.open("my", create=False) as ws:
        assert ws.ask("when was jaws made?").text == "1975"
        assert len(list(ws.passages.search("Shepperton"))) == 1


def test_triples_and_names_are_loaded_in_their_order(kptm, tmp_path):
    (tmp_path / "facts.tsv").write_text("a\tcapital\tb\na\tborders\tc\n")
    (tmp_path / "names.csv").write_text("key,label\na,France\nb,Paris\nc,Spain\n")
    kptm("new", "my", "facts.tsv", "names.csv")
    with Workspace.open("my", create=False) as ws:
        assert ws.ask("what is the capital of France").text == "Paris"


def test_a_doubt_is_asked_about_or_refused(kptm, tmp_path):
    refused = kptm("new", "my", "twice.csv", code=1)
    assert "1 of 3 rows" in refused.stderr
    assert "with --yes" in refused.stderr
    assert not (tmp_path / "my").exists()
    kptm("new", "my", "twice.csv", "--yes")
    with Workspace.open("my", create=False) as ws:
        assert ws.graph.stats()["entities"] == 2


@pytest.mark.parametrize("existed", [False, True])
def test_an_unreadable_file_leaves_nothing_behind(kptm, tmp_path, existed):
    if existed:
        (tmp_path / "my").mkdir()
    (tmp_path / "broken.nt").write_text("no triple at all\n")
    assert "broken.nt" in kptm("new", "my", "films.csv", "broken.nt", code=1).stderr
    assert (tmp_path / "my").exists() == existed
    assert not existed or not any((tmp_path / "my").iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("my", "nosuch.csv"), "no such file"),
        (("my", "texts/photo.jpg"), "kptm load --format"),
        (("texts", "films.csv"), "already exists"),
    ],
)
def test_errors_are_found_before_any_work(kptm, tmp_path, arguments, message):
    before = sorted(path.name for path in tmp_path.rglob("*"))
    assert message in kptm("new", *arguments, code=1).stderr
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
