"""Corrections: graph and modeledge change together or not at all, with a receipt."""

import pytest

from kg import Triple
from kg.errors import StoreError
from kptm import Workspace, WorkspaceError
from kptm.modeledge import AnswerChange


def state(ws):
    """The graph, and the live rows with the sources that attest them."""
    rows = [
        (space, entry.record, entry.sources, vector.tobytes())
        for space in ws.modeledge.stats()
        for entry, vector in ws.modeledge.entries(space)
    ]
    return ws.graph.fingerprint(), sorted(rows, key=repr)


def test_a_change_is_in_both_or_in_neither(copied, monkeypatch):
    def fails(*_args, **_options):
        raise StoreError("no space left")

    with Workspace.open(copied) as ws:
        before, revision = state(ws), ws.graph.revision()
        monkeypatch.setattr("kptm.modeledge.sql.record_rows.insert", fails)
        with pytest.raises(StoreError, match="no space"):
            ws.edit("France", "capital", "Lima")
        monkeypatch.setattr("kptm.modeledge.sql.record_edits.forget", fails)
        with pytest.raises(StoreError, match="no space"):
            ws.forget("Chad")
        monkeypatch.undo()
        assert (state(ws), ws.graph.revision()) == (before, revision)
        assert ws.query("France", "capital").entity == "Paris"
        assert all(not found.problems for found in ws.modeledge.verify())


def test_an_edit_has_a_receipt(copied):
    with Workspace.open(copied) as ws:
        paris = sum("Paris" in (item.head, item.tail) for item in ws.graph.match())
        assert paris == 1
        revision = ws.edit("France", "capital", "Lima")
        receipt = ws.receipts(limit=1)[0]
        assert (receipt.kind, receipt.revision) == ("edit", revision)
        assert receipt.note == "France | capital | Paris → Lima"
        with Workspace.open(copied) as second:
            other = second.modeledge
            space = next(name for name in other.stats() if name.startswith("cloze:"))
            held = {entry.id: entry.record for entry, _ in other.entries(space)}
        inside = [number for first, last in receipt.added for number in range(first, last + 1)]
        assert {held[number].triple for number in inside} == {("France", "capital", "Lima")}
        assert {held[number].kind for number in inside} == {"fact"}
        assert receipt.rows_removed > 0
        assert AnswerChange("France | capital | ?", "Paris", "Lima") in receipt.answers
        assert all(change.before != change.after for change in receipt.answers)
        ws.undo(revision)
        undone = ws.receipts(limit=1)[0]
        assert (undone.kind, undone.added) == ("undo", receipt.removed)
        assert undone.removed == receipt.added


def test_forget_a_triple(copied):
    with Workspace.open(copied) as ws:
        before = state(ws)
        gone = ws.forget(triple=("Republic of Chad", "capital", "N'Djamena"))
        assert gone["triples"] == 1
        assert gone["records"] > 0
        assert Triple("Chad", "capital", "N'Djamena") not in set(ws.graph.match())
        for _, record, _, _ in state(ws)[1]:
            assert {"Chad", "N'Djamena"} - {record.value, *record.context}
        ws.undo(gone["revision"])
        assert state(ws) == before


def test_a_text_of_two_sources_stays_until_both_are_forgotten(copied, toy):
    with Workspace.open(copied) as ws:
        before = state(ws)
        assert ws.index(toy.texts, source="second") == 0
        first = ws.forget(source=str(toy.texts))
        assert first["records"] == 0
        assert {item.source for item in ws.passages.stream()} == {"second"}
        assert {sources for _, _, sources, _ in state(ws)[1]} == {("second",)}
        second = ws.forget(source="second")
        assert second["records"] == len(before[1])
        assert state(ws)[1] == []
        assert not ws.passages
        ws.undo(second["revision"])
        ws.undo(first["revision"])
        assert {item.source for item in ws.passages.stream()} == {"second", str(toy.texts)}
        both = tuple(sorted((str(toy.texts), "second")))
        assert {sources for _, _, sources, _ in state(ws)[1]} == {both}
        assert [row[1] for row in state(ws)[1]] == [row[1] for row in before[1]]


def test_forget_a_text(copied):
    text = "The capital of Chad is N'Djamena."
    with Workspace.open(copied) as ws:
        before = state(ws)
        gone = ws.forget(text=text)
        assert gone["triples"] == 0
        assert text not in {item.text for item in ws.passages.stream()}
        assert gone["records"] == sum(row[1].text == text for row in before[1]) > 0
        assert ws.query("Chad", "capital").entity == "N'Djamena"
        ws.undo(gone["revision"])
        assert state(ws) == before
        assert text in {item.text for item in ws.passages.stream()}


def test_the_fact_memory_follows_the_graphs_sources(copied, tmp_path):
    other = tmp_path / "other.tsv"
    other.write_text("France\tcapital\tParis\nFrance\tcapital\tLima\n")
    with Workspace.open(copied) as ws:
        ws.load(other)
        added = ws.index(triples=True)
        assert added > 0
        assert ws.index(triples=True) == 0
        facts = {row[1].triple: row[2] for row in state(ws)[1] if row[1].kind == "fact"}
        assert set(facts) == set(ws.graph.match())
        assert facts["France", "capital", "Lima"] == (str(other),)
        assert len(facts["France", "capital", "Paris"]) == 2
        ws.forget(source=str(other))
        left = {row[1].triple: row[2] for row in state(ws)[1] if row[1].kind == "fact"}
        assert set(left) == set(ws.graph.match())
        assert len(left["France", "capital", "Paris"]) == 1


def fact_records(ws):
    return {row[1].triple for row in state(ws)[1] if row[1].kind == "fact"}


def test_the_fact_memory_follows_an_undone_load(copied, tmp_path):
    other = tmp_path / "other.tsv"
    other.write_text("France\tcapital\tParis\nFrance\tcapital\tLima\n")
    with Workspace.open(copied) as ws:
        loaded = ws.load(other).revision
        indexed = ws.graph.revision() + 1
        ws.index(triples=True)
        assert fact_records(ws) == set(ws.graph.match())
        before = state(ws)
        undone = ws.undo(loaded)
        assert ("France", "capital", "Lima") not in fact_records(ws)
        assert fact_records(ws) == set(ws.graph.match())
        assert ws.changes(undone).records_removed > 0
        assert ws.graph.revisions(limit=1)[0].undoes == (loaded,)
        ws.undo(undone)
        assert state(ws) == before
        ws.undo(indexed)  # only what was indexed is taken back
        assert fact_records(ws) == set()
        assert ws.graph.fingerprint() == before[0]
        again = ws.graph.revision()
        with pytest.raises(StoreError, match="left to undo"):
            ws.undo(indexed)
        ws.undo(again)
        assert ws.graph.revisions(limit=1)[0].kind == "redo"
        assert state(ws) == before


def test_the_fact_memory_follows_a_file_that_changed(copied, tmp_path):
    other = tmp_path / "other.tsv"
    other.write_text("France\tcapital\tParis\nFrance\tcapital\tLima\n")
    with Workspace.open(copied) as ws:
        ws.load(other)
        ws.index(triples=True)
        before = state(ws)
        other.write_text("France\tcapital\tParis\n")
        report = ws.load(other)
        assert report.ended == 1
        assert fact_records(ws) == set(ws.graph.match())
        ws.undo(report.revision)
        assert state(ws) == before


@pytest.mark.parametrize("named", [{}, {"source": "a", "text": "b"}])
def test_one_thing_is_forgotten_at_a_time(copied, named):
    with (
        Workspace.open(copied) as ws,
        pytest.raises(WorkspaceError, match="forget needs one of entity"),
    ):
        ws.forget(**named)


def test_forget_counts_only_the_facts_that_it_ends(new_workspace, tmp_path, monkeypatch):
    """Not those that another process adds just before."""
    with new_workspace(tmp_path / "ws") as ws, Workspace.open(ws.folder) as other:
        ws.graph.add([("a", "r", "b"), ("a", "s", "c")])
        begin = ws.graph.transaction

        def add_then_begin():
            other.graph.add([("d", "r", "e")])
            return begin()

        monkeypatch.setattr(ws.graph, "transaction", add_then_begin)
        assert ws.forget("a")["triples"] == 2
