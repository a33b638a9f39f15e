"""Duplicates in a workspace: proposed, reviewed, merged in all stages, undone."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from kg import EntityRecord, UnknownKeyError
from kg.vocabulary import SAME_AS
from kptm.cli.main import main
from kptm.errors import WorkspaceError
from kptm.modeledge.records import Record


def run(*arguments, code=0):
    result = CliRunner().invoke(main, [str(item) for item in arguments])
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def ws(new_workspace, tmp_path):
    """Twelve people, each stored twice, with facts of one relation."""
    names = [
        "Ada Lovelace", "Grace Hopper", "Alan Turing", "Kurt Goedel", "Emmy Noether", "Paul Erdos",
        "Sofia Kovalevskaya", "David Hilbert", "Henri Poincare", "Georg Cantor", "Felix Klein",
        "Blaise Pascal",
    ]  # fmt: skip
    with new_workspace(tmp_path / "ws") as opened:
        for at, name in enumerate(names):
            first, last = name.split()
            opened.graph.add(
                [
                    EntityRecord(key=f"a{at}", label=name, types=("human",)),
                    EntityRecord(key=f"b{at}", label=f"{last}, {first}", types=("human",)),
                    (f"a{at}", "born in", f"city {at}"),
                    (f"a{at}", "field", f"field {at % 3}"),
                    (f"b{at}", "field", f"field {at % 3}"),
                ]
            )
        yield opened


def pairs(ws):
    return {(item.head, item.tail) for item in ws.proposals(relation=SAME_AS)}


def test_pairs_are_proposed_with_evidence_and_merged_by_review(ws):
    before = ws.graph.fingerprint()
    report = ws.duplicates(minimum=0.2)
    wanted = {(f"a{at}", f"b{at}") for at in range(12)}
    assert pairs(ws) == wanted
    assert (report.found, report.proposed) == (12, 12)
    item = ws.review(relation=SAME_AS, limit=1)[0]
    assert item.relation == "same as"
    assert "the same words in another order" in item.proposal.sentence
    assert ws.graph.fingerprint() == before
    done = ws.accept_all("same as>=.2")
    assert len(done.merged) == 12
    assert ws.graph.entity("b3").label == "Kurt Goedel"
    assert ws.linker.link("Goedel, Kurt was born in Brno.").links[0].entity == "a3"
    ws.undo(done.revision)
    assert ws.graph.fingerprint() == before
    assert ws.linker.link("Goedel, Kurt was born in Brno.").links[0].entity == "b3"
    assert pairs(ws) == wanted


def test_proposals_follow_the_graph(ws):
    ws.duplicates(minimum=0.2)
    rejected = ws.proposals(relation=SAME_AS)[0]
    ws.reject([rejected.id])
    gone = next(one for one in ws.proposals(relation=SAME_AS))
    ws.graph.forget(entity=gone.tail)
    report = ws.duplicates(minimum=0.2)
    assert (report.proposed, report.gone) == (0, 1)
    assert len(pairs(ws)) == 10


def test_fit_learns_from_reviewed_pairs(ws):
    ws.duplicates(minimum=0.2)
    with pytest.raises(WorkspaceError, match="too few"):
        ws.fit_duplicates()
    ids = [item.id for item in ws.proposals(relation=SAME_AS)]
    ws.accept(ids[:6])
    ws.reject(ids[6:])
    fit = ws.fit_duplicates()
    assert (fit.same, fit.different) == (6, 6)
    assert fit.loss < fit.loss_before
    assert ws.layout.duplicates.exists()
    ws.duplicates()  # by the fitted weights
    ws.layout.duplicates.write_text("{")
    output = run("duplicates", ws.folder, code=1)
    assert "duplicates.json" in output


def test_fit_does_not_learn_from_a_corrected_pair(ws):
    """The features of a pair say nothing about the pair that a user has put in its place."""
    ws.duplicates(minimum=0.2)
    first, *others = ws.proposals(relation=SAME_AS)
    wrong = next(item for item in others if item.tail != first.tail)
    ws.graph.proposals.change(first.id, tail=wrong.tail)
    ws.reject([first.id])
    with pytest.raises(WorkspaceError, match=r"^0 of the pairs .* review at least 10"):
        ws.fit_duplicates()
    ws.reject([item.id for item in others])
    assert ws.fit_duplicates().different == 11


def test_modeledge_follows_a_merge_and_its_undo(ws):
    vectors = np.eye(3, dtype=np.float32)
    records = [
        Record(kind="fact", value="b0", triple=("b0", "field", "field 0"), text="one"),
        Record(kind="mention", value="a1", context=("b0", "a1"), text="two"),
        Record(kind="own", value="b0", text="three"),
    ]
    ws.modeledge.add(vectors, [item.value for item in records], space="s", records=records)

    def rows():
        found = ws.modeledge.search(vectors, k=1, space="s")
        return [(hit[0].value, hit[0].record.triple, hit[0].record.context) for hit in found]

    before = rows()
    done = ws.merge_entities("Ada Lovelace", ["Lovelace, Ada"])
    assert rows() == [
        ("a0", ("a0", "field", "field 0"), ()),
        ("a1", None, ("a0", "a1")),
        ("b0", None, ()),  # a value that a user wrote is not a key
    ]
    assert ws.changes(done.revision).records_added == 2
    ws.undo(done.revision)
    assert rows() == before


def test_passages_of_the_merged_are_found_by_the_kept(ws, tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("Hopper, Grace wrote a compiler.\nAlan Turing ran.\n")
    ws.index(text)
    assert [one.text for one in ws.passages.search(entities=["b1"])]
    done = ws.merge_entities("a1", ["b1"])
    found = ws.passages.search(entities=["a1"])
    assert [one.text for one in found] == ["Hopper, Grace wrote a compiler."]
    assert {link.entity for link in found[0].links} == {"a1"}
    ws.undo(done.revision)
    assert not ws.passages.search(entities=["a1"])
    assert ws.passages.search(entities=["b1"])[0].links[0].entity == "b1"


def test_the_verb(ws, tmp_path):
    output = run("duplicates", ws.folder, "--minimum", ".2")
    assert "12 are probably the same: 12 are new proposals" in output
    assert "the same words in another order" in output
    found = json.loads(run("duplicates", ws.folder, "--minimum", ".2", "--json"))
    assert (found["found"], found["proposed"], len(found["best"])) == (12, 0, 10)
    listed = json.loads(run("review", ws.folder, "--relation", "same as", "--json"))
    assert len(listed) == 12
    output = run("duplicates", ws.folder, "--merge", "a0", "b0", "--merge", "Grace Hopper", "b1")
    assert "b0 is a0 now" in output
    assert ws.graph.merges.keys() == {"b0": "a0", "b1": "a1"}
    assert "no entity" in run("duplicates", ws.folder, "--merge", "a0", "nobody", code=1)
    with pytest.raises(UnknownKeyError):
        ws.merge_entities("nobody at all", ["a0"])
