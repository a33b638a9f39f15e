"""A file of texts that is indexed again replaces only its own earlier texts."""

import random

import pytest

from kg import TripleFormatError
from kptm import Workspace

CAPITAL = "The capital of {} is {}."
LINES = [
    CAPITAL.format(*pair) for pair in (("Chad", "Niamey"), ("Peru", "Paris"), ("Spain", "Lima"))
]
"""Sentences that the toy texts do not have."""


def said(ws):
    """Map the text of each live record to the sources that attest it."""
    return {
        entry.record.text: set(entry.sources)
        for space in ws.modeledge.stats()
        for entry, _ in ws.modeledge.entries(space)
    }


@pytest.fixture
def ws(copied):
    with Workspace.open(copied) as ws:
        yield ws


@pytest.fixture
def toys(ws):
    """The texts that the workspace has besides the tests' own files."""
    return said(ws)


def write(path, lines):
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def test_sentences_that_left_the_file_are_removed(ws, toys, tmp_path):
    path = write(tmp_path / "news.txt", LINES[:2])
    name = {str(path)}
    ws.index(path)
    assert said(ws) == {**toys, **dict.fromkeys(LINES[:2], name)}
    write(path, LINES[1:])
    assert ws.index(path) > 0
    assert said(ws) == {**toys, **dict.fromkeys(LINES[1:], name)}
    replaced = ws.graph.revision()
    assert ws.changes(replaced).records_removed == ws.changes(replaced).records_added > 0
    ws.undo(replaced)
    assert said(ws) == {**toys, **dict.fromkeys(LINES[:2], name)}
    ws.undo()  # the undo
    assert said(ws) == {**toys, **dict.fromkeys(LINES[1:], name)}


def test_an_unchanged_file_changes_nothing(ws, toys, tmp_path):
    path = write(tmp_path / "news.txt", LINES)
    ws.index(path)
    before = ws.graph.revision(), ws.modeledge.newest_operation()
    assert ws.index(path) == 0
    assert (ws.graph.revision(), ws.modeledge.newest_operation()) == before


@pytest.mark.parametrize("seed", range(3))
def test_after_any_versions_of_a_file_only_the_last_counts(ws, toys, tmp_path, seed):
    """Sentences come, go and come back; undone and redone in between.

    Another file says some of them too.
    """
    choice = random.Random(seed)
    files = {name: tmp_path / name for name in ("a.txt", "b.txt")}
    now = {}
    for _ in range(6):
        name = choice.choice(sorted(files))
        now[name] = choice.sample(LINES, choice.randint(0, len(LINES)))
        write(files[name], now[name])
        before = ws.graph.revision()
        ws.index(files[name])
        if ws.graph.revision() > before and choice.random() < 0.5:
            ws.undo()
            if choice.random() < 0.5:
                ws.undo()
            ws.index(files[name])
        expected = {
            line: {str(files[name]) for name, lines in now.items() if line in lines}
            for line in LINES
        }
        assert said(ws) == {**toys, **{line: who for line, who in expected.items() if who}}


def test_a_file_of_the_same_name_elsewhere_is_another_one(ws, toys, tmp_path, monkeypatch):
    for folder, line in (("one", LINES[0]), ("two", LINES[1])):
        write(tmp_path / folder / "news.txt", [line])
        monkeypatch.chdir(tmp_path / folder)
        ws.index("news.txt")
    other = str(tmp_path / "two" / "news.txt")
    assert said(ws) == {**toys, LINES[0]: {"news.txt"}, LINES[1]: {other}}
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "one" / "news.txt", [LINES[2]])  # the same file by another path
    ws.index("one/news.txt")
    assert said(ws) == {**toys, LINES[2]: {"news.txt"}, LINES[1]: {other}}


def test_a_file_that_is_gone_from_a_folder(ws, toys, tmp_path):
    folder = tmp_path / "texts"
    for number, line in enumerate(LINES):
        write(folder / f"{number}.txt", [line])
    ws.index(folder)
    assert said(ws).keys() == toys.keys() | set(LINES)
    (folder / "1.txt").unlink()
    assert ws.index(f"{folder}/") == 0
    assert said(ws) == {**toys, LINES[0]: {str(folder)}, LINES[2]: {str(folder)}}


def test_a_file_that_is_gone_says_how_to_forget_it(ws, toys, tmp_path):
    path = write(tmp_path / "news.txt", LINES)
    with pytest.raises(TripleFormatError) as error:
        ws.index(tmp_path / "never.txt")
    assert "forget" not in str(error.value)
    ws.index(path)
    path.unlink()
    with pytest.raises(TripleFormatError, match=f"kptm forget --source {path}"):
        ws.index(path)
    ws.forget(source=str(path))
    assert said(ws) == toys


def test_a_source_of_several_files_keeps_what_they_say(ws, toys, tmp_path, caplog):
    one, two = write(tmp_path / "a.txt", LINES[:1]), write(tmp_path / "b.txt", LINES[1:2])
    ws.index(one, source="wire")
    write(one, LINES[2:])
    ws.index(one, source="wire")  # one file as yet
    assert said(ws) == {**toys, LINES[2]: {"wire"}}
    assert not caplog.records
    ws.index(two, source="wire")
    write(two, LINES[:1])
    ws.index(two, source="wire")
    assert said(ws) == {**toys, **{line: {"wire"} for line in LINES}}
    assert (
        f"{two}: sentences that it no longer has are kept, because the source 'wire' also has {one}"
        in caplog.text
    )


def test_texts_of_no_file_are_kept(ws, toys, tmp_path, caplog):
    ws.index([LINES[0]], source="wire")
    ws.index([LINES[1]])
    path = write(tmp_path / "a.txt", LINES[2:])
    ws.index(path, source="wire")
    write(path, [])
    ws.index(path, source="wire")
    assert said(ws).keys() == toys.keys() | set(LINES)
    assert "texts that were not indexed from a file" in caplog.text


def test_forgotten_texts_stay_forgotten(ws, toys, tmp_path):
    path = write(tmp_path / "a.txt", LINES)
    ws.index(path)
    ws.forget(text=LINES[0])
    ws.index(path)
    assert said(ws).keys() == toys.keys() | set(LINES[1:])
    write(path, LINES[1:])
    ws.index(path)
    write(path, LINES)
    ws.index(path)
    assert said(ws).keys() == toys.keys() | set(LINES[1:])
    gone = ws.forget(source=str(path))["operation"]
    ws.undo(operation=ws.undo(operation=gone))  # forgotten again
    ws.index(path)
    assert said(ws) == toys


def test_sentences_from_triples_do_not_belong_to_the_file(ws, toys, tmp_path):
    """A source has triples and texts: its file of texts replaces only the texts."""
    texts = write(tmp_path / "mine.txt", LINES)
    ws.index(texts, source="mine")
    ws.load(write(tmp_path / "mine.tsv", ["Chad\tborders\tPeru"]), source="mine")
    ws.index(triples=True)
    facts = said(ws).keys() - toys.keys() - set(LINES)
    assert facts
    write(texts, [])
    ws.index(texts, source="mine")
    assert said(ws).keys() == toys.keys() | facts


def test_files_indexed_by_an_earlier_version(ws, toys, tmp_path):
    path = write(tmp_path / "a.txt", LINES[:2])
    ws.index(path, source="wire")
    ws.index(path)
    with ws.graph.database.writing() as (sql, _):
        sql.run("DELETE FROM modeledge_document")
    write(path, LINES[:1])
    ws.index(path)  # the path identifies the file
    ws.index(path, source="wire")  # this source may have had several files
    assert said(ws) == {**toys, LINES[0]: {str(path), "wire"}, LINES[1]: {"wire"}}


def test_a_purge_takes_the_file_out_too(ws, toys, tmp_path):
    path = write(tmp_path / "Atlantis" / "a.txt", LINES)
    ws.index(path)
    ws.purge(source=str(path))
    with ws.graph.database.reading() as sql:
        held = sql.all("SELECT source, document FROM modeledge_document")
    assert "Atlantis" not in str(held)
    assert said(ws) == toys
