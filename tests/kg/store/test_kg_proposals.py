"""Proposals: no query sees them until they are accepted.

A decision is one revision, which is undone and redone like any other.
"""

import json

import pytest

from kg import InvalidNameError, KnowledgeGraph, Literal, Proposal, StoreError
from kg.vocabulary import XSD

SENTENCE = "Tbilisi is the capital of Georgia and was founded in 458."
FOUNDED = Literal("0458", f"{XSD}gYear")


def proposal(head="Georgia", relation="capital", tail="Tbilisi", **others):
    given = {
        "confidence": 0.9,
        "source": "notes.txt",
        "sentence": SENTENCE,
        "head_span": (26, 33),
        "tail_span": (0, 7),
        "document": "d1",
        "extractor": "e1",
    }
    return Proposal(head=head, relation=relation, tail=tail, **given | others)


@pytest.fixture
def filled(graph):
    graph.add([("Georgia", "borders", "Armenia"), ("Armenia", "capital", "Yerevan")])
    graph.proposals.add(
        [
            proposal(tail_new=True),
            proposal("Tbilisi", "founded", FOUNDED, head_new=True, confidence=0.7),
        ],
        documents=[("notes.txt", "d1")],
        by="e1",
    )
    return graph


def states(graph):
    return {item.id: str(item.state) for item in graph.proposals.find(state=None)}


def facts(graph):
    return {tuple(triple) for triple in graph.match()}


def test_a_proposal_is_in_no_query(filled):
    assert facts(filled) == {
        ("Georgia", "borders", "Armenia"),
        ("Armenia", "capital", "Yerevan"),
    }
    assert not filled.search("Tbilisi")
    assert [item.id for item in filled.proposals.find()] == [1, 2]
    assert filled.proposals.find(ids=[2])[0].tail == FOUNDED
    assert filled.proposals.find(minimum=0.8, relation="founded") == []
    assert filled.proposals.read("notes.txt", ["d1", "d2"], by="e1") == {"d1"}


def test_an_accepted_proposal_is_a_fact_with_its_sentence(filled, tmp_path):
    done = filled.proposals.accept([1, 2])
    assert done.decided == (1, 2)
    assert ("Georgia", "capital", "Tbilisi") in facts(filled)
    assert [entity.key for entity in filled.search("Tbilisi")] == ["Tbilisi"]
    stated = {
        (item.fact[1], item.sources[0][0], item.confidence)
        for item in filled.describe("Tbilisi").facts
    }
    assert stated == {("capital", "notes.txt", 0.9), ("founded", "notes.txt", 0.7)}
    filled.export(tmp_path / "all.jsonl")
    rows = map(json.loads, (tmp_path / "all.jsonl").read_text().splitlines())
    said = [row for row in rows if row.get("qualifiers")]
    assert {row["qualifiers"][0]["value"] for row in said} == {SENTENCE}
    with pytest.raises(StoreError, match=r"proposal 1 cannot be accepted: it is accepted"):
        filled.proposals.accept([1])


def test_undo_brings_a_proposal_back_and_redo_the_decision(filled):
    accepted = filled.proposals.accept([1]).revision
    undone = filled.undo(accepted)
    assert states(filled) == {1: "proposed", 2: "proposed"}
    assert ("Georgia", "capital", "Tbilisi") not in facts(filled)
    filled.undo(undone)
    assert states(filled) == {1: "accepted", 2: "proposed"}
    assert ("Georgia", "capital", "Tbilisi") in facts(filled)


def test_a_rejected_proposal_is_never_proposed_again(filled):
    before = filled.fingerprint()
    rejected = filled.proposals.reject([1]).revision
    assert filled.fingerprint() == before
    assert filled.proposals.add([proposal(extractor="e2"), proposal(source="copy.txt")]) == 0
    assert states(filled) == {1: "rejected", 2: "proposed"}
    assert filled.proposals.add([proposal(sentence="Georgia has Tbilisi.")]) == 1
    filled.undo(rejected)
    assert states(filled) == {1: "proposed", 2: "proposed", 3: "proposed"}
    with pytest.raises(StoreError, match="no change left to undo"):
        filled.undo(rejected)


def test_a_second_reading_changes_only_the_confidence(filled):
    assert filled.proposals.add([proposal(confidence=0.95, extractor="e2")]) == 0
    found = filled.proposals.find(ids=[1])[0]
    assert (found.confidence, found.extractor) == (0.95, "e2")


def test_a_proposal_can_be_corrected(filled):
    filled.proposals.change(1, relation="largest city", tail="Gori", new=["Gori"])
    filled.proposals.accept([1])
    assert ("Georgia", "largest city", "Gori") in facts(filled)
    with pytest.raises(StoreError, match="there is no proposal 9"):
        filled.proposals.change(9, relation="x")


def test_proposals_with_one_that_cannot_be_stored_are_all_refused(filled):
    with pytest.raises(InvalidNameError):
        filled.proposals.add([proposal(tail="Gori"), proposal(head="")])
    assert filled.proposals.count()["proposed"] == 2


def test_proposals_end_with_their_text(filled):
    filled.proposals.accept([1])
    assert filled.proposals.withdraw("notes.txt", ["d1"]) == 0
    gone = filled.proposals.withdraw("notes.txt")
    assert ("Georgia", "capital", "Tbilisi") not in facts(filled)
    assert states(filled) == {1: "withdrawn"}
    assert not filled.proposals.read("notes.txt", ["d1"], by="e1")
    filled.undo(gone)
    assert ("Georgia", "capital", "Tbilisi") in facts(filled)
    assert states(filled) == {1: "accepted"}
    assert filled.proposals.withdraw("notes.txt")
    assert filled.proposals.withdraw("notes.txt") == 0


@pytest.mark.parametrize("what", ["entity", "source"])
@pytest.mark.parametrize("decide", ["accept", "reject", None])
def test_no_byte_of_what_is_purged_is_left(new_place, what, decide, kind, request):
    place = new_place("purged.db")
    name = "Zzyxville"
    with KnowledgeGraph.open(place) as graph:
        graph.add([("Georgia", "borders", "Armenia"), ("Georgia", "home of", name)])
        given = {"sentence": f"In {name} they live.", "source": "secret-notes.txt"}
        graph.proposals.add([proposal(tail=name, **given)], documents=[("secret-notes.txt", "d1")])
        if decide:
            getattr(graph.proposals, decide)([1])
        graph.purge(**{what: name if what == "entity" else "secret-notes.txt"})
        if what == "source":  # the entity is another source's too
            graph.purge(entity=name)
        else:
            graph.purge(source="secret-notes.txt")
        assert graph.proposals.find(state=None) == []
        assert facts(graph) == {("Georgia", "borders", "Armenia")}
    if kind == "sqlite":
        content = b"".join(path.read_bytes() for path in place.parent.glob("purged.db*"))
        assert not any(word in content for word in (name.encode(), b"they live", b"secret-notes"))
