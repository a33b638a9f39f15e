"""Learning and indexing are in the history, add to what was learnt before, and are undone alone."""

import json
import zlib

import pytest

from kg import StoreError
from kptm import Workspace
from kptm.errors import WorkspaceError

FACTS = [
    ("France", "capital", "Paris"), ("Italy", "capital", "Rome"), ("Spain", "capital", "Madrid"),
    ("France", "currency", "Euro"), ("Italy", "currency", "Lira"), ("Spain", "currency", "Peseta"),
]  # fmt: skip


@pytest.fixture
def ws(new_workspace, tmp_path):
    with new_workspace(tmp_path / "ws") as opened:
        (tmp_path / "facts.tsv").write_text("".join("\t".join(item) + "\n" for item in FACTS))
        opened.load(tmp_path / "facts.tsv")
        yield opened


@pytest.fixture
def lines(tmp_path):
    def make(name, *rows):
        path = tmp_path / name
        path.write_text("".join(row + "\n" for row in rows))
        return path

    return make


def learnt(ws):
    names = ("questions.json", "learnt.jsonl", "weights.json", "phrasings.json")
    return {name: (ws.folder / name).read_bytes() for name in names if (ws.folder / name).exists()}


def says(ws, word, relation):
    """Whether a word was learnt to say a relation."""
    return ws.predictor().parser.model.learnt.get(f"{relation}>", {}).get(word, 0.0) > 0


SEAT = (
    "Where does the cabinet of France sit?\tParis",
    "Where does the cabinet of Italy sit?\tRome",
)
MONEY = (
    "What do shoppers in France pay with?\tEuro",
    "What do shoppers in Spain pay with?\tPeseta",
)


def test_undo_after_learning_does_not_change_the_graph(ws, lines):
    before = ws.graph.fingerprint()
    report = ws.learn(lines("a.tsv", *SEAT))
    assert report.used == 2
    assert ws.graph.revisions(limit=1)[0].kind == "learn"
    after = learnt(ws)
    new = ws.undo()
    assert learnt(ws) == {}
    assert ws.graph.fingerprint() == before
    assert set(ws.changes(new).files) == {"questions.json", "learnt.jsonl", "weights.json"}
    ws.undo()
    assert learnt(ws) == after
    assert ws.graph.revisions(limit=1)[0].kind == "redo"


def test_learning_adds(ws, lines):
    ws.learn(lines("a.tsv", *SEAT))
    assert says(ws, "cabinet", "capital")
    report = ws.learn(lines("b.tsv", *MONEY))
    assert report.earlier == 2
    assert says(ws, "cabinet", "capital")
    assert says(ws, "pay", "currency")
    assert not says(ws, "cabinet", "currency")
    together = learnt(ws)
    ws.learn(lines("b.tsv", *MONEY))  # the same again: nothing is counted twice
    assert learnt(ws) == together
    ws.learn(lines("b.tsv", *MONEY), replace=True)
    assert says(ws, "pay", "currency")
    assert not says(ws, "cabinet", "capital")


def test_learning_twice_is_learning_both_at_once(ws, lines, tmp_path):
    ws.learn(lines("a.tsv", *SEAT))
    ws.learn(lines("b.tsv", *MONEY))
    with Workspace.open(tmp_path / "other") as other:
        other.load(tmp_path / "facts.tsv")
        other.learn(lines("all.tsv", *SEAT, *MONEY))
        assert learnt(other) == learnt(ws)


def test_a_repeated_question_replaces_the_earlier_one(ws, lines):
    ws.learn(lines("a.tsv", "Where does the cabinet of France sit?\tRome|Paris", SEAT[1]))
    ws.learn(lines("b.tsv", SEAT[0]))
    rows = [json.loads(row) for row in (ws.folder / "learnt.jsonl").read_text().splitlines()]
    assert {row["question"]: row["answers"] for row in rows} == {
        "Where does the cabinet of France sit?": ["Paris"],
        "Where does the cabinet of Italy sit?": ["Rome"],
    }


def test_lines_that_teach_nothing_are_counted_and_shown(ws, lines):
    report = ws.learn(
        lines("a.tsv", *SEAT, "Who is it?\tParis", "Of France?\tAtlantis", "Of France?\tMu",
              "Of France?\tMadrid")
    )  # fmt: skip
    assert (report.lines, report.used) == (6, 2)
    assert {item.reason: (item.count, item.lines) for item in report.unused} == {
        "the graph has none of the answers": (
            2, ((4, "Of France?"), (5, "Of France?")),
        ),
        "no name in the question is in the graph": (1, ((3, "Who is it?"),)),
        "nothing that was tried with the names in the question gives the answers": (
            1, ((6, "Of France?"),),
        ),
    }  # fmt: skip


def test_a_file_without_usable_lines_changes_nothing(ws, lines):
    ws.learn(lines("a.tsv", *SEAT))
    before, revision = learnt(ws), ws.graph.revision()
    for rows in (["Of France?\tAtlantis"], []):
        with pytest.raises(WorkspaceError, match=r"b\.tsv: nothing was learnt: 0 of "):
            ws.learn(lines("b.tsv", *rows))
    assert (learnt(ws), ws.graph.revision()) == (before, revision)
    assert says(ws, "cabinet", "capital")


def test_learning_out_of_order_is_undone_with_what_came_later(ws, lines):
    first = ws.learn(lines("a.tsv", *SEAT)).revision
    ws.learn(lines("b.tsv", *MONEY))
    with pytest.raises(StoreError, match="later revisions"):
        ws.undo(first)
    ws.undo(first, later=True)
    assert learnt(ws) == {}


def test_an_edit_in_between_is_kept(ws, lines):
    learning = ws.learn(lines("a.tsv", *SEAT)).revision
    ws.edit("France", "capital", "Rome")
    ws.undo(learning)
    assert learnt(ws) == {}
    assert [item.tail for item in ws.graph.match("France", "capital")] == ["Rome"]


def test_values_among_the_answers_are_stored_as_they_are_written(ws, lines, tmp_path):
    from kg.types import Attribute, Literal

    year = Literal("1958", "http://www.w3.org/2001/XMLSchema#gYear")
    ws.graph.add([Attribute("France", "republic since", year)])
    ws.learn(lines("a.tsv", "When did France get its constitution?\t1958"))
    stored = ws.folder / "learnt.jsonl"
    before = stored.read_bytes()
    assert json.loads(before)["answers"] == ["1958"]
    ws.learn(lines("b.tsv", SEAT[0]))
    assert stored.read_bytes().startswith(before)


TEXTS = {
    "a": [f"The seat of {head} is {tail}." for head, how, tail in FACTS if how == "capital"],
    "b": [f"In {head} they pay in {tail}." for head, how, tail in FACTS if how == "currency"],
}


def test_indexing_adds_phrasings_and_is_undone_separately(ws):
    ws.index(TEXTS["a"])
    first = ws.phrasings()
    assert first.patterns_of("capital") == ("The seat of [X] is [Y].",)
    ws.index(TEXTS["b"])
    both = ws.phrasings()
    assert both.patterns_of("capital") == first.patterns_of("capital")
    assert both.patterns_of("currency") == ("In [X] they pay in [Y].",)
    newest = ws.graph.revision()
    ws.index(TEXTS["b"])  # nothing is new, so the history gets no entry
    assert ws.graph.revision() == newest
    ws.undo()
    assert ws.phrasings().relations() == ["capital"]
    assert len(list(ws.graph.match())) == len(FACTS)


def test_purged_lines_are_in_no_file_and_do_not_return(ws, lines):
    ws.graph.add([("Canaria", "capital", "Palmas")])
    ws.learn(lines("a.tsv", *SEAT, "Where does the cabinet of Canaria sit?\tPalmas"))
    ws.learn(lines("b.tsv", *MONEY))
    ws.purge(entity="Canaria")
    for path in ws.folder.rglob("*"):
        assert not path.is_file() or b"canaria" not in path.read_bytes().lower(), path
    with ws.graph.database.reading() as sql:
        rows = sql.all("SELECT content FROM artefact WHERE content IS NOT NULL")
    assert not any(b"anaria" in zlib.decompress(row[0]) for row in rows if row[0])
    with pytest.raises(StoreError, match="purged"):
        ws.undo(3 + 1)
