"""Triples, links and proposals are written as datasets, and read from them."""

import pytest
from datasets import Dataset

from kg import Triple
from kptm import LinkedText, Workspace
from kptm.errors import ConfigError, LinkingError
from kptm.integrations.hugging_face import (
    add_proposals,
    linked_texts,
    links_dataset,
    proposals_dataset,
    triples_dataset,
)


@pytest.fixture
def other(tmp_path):
    with Workspace.open(tmp_path / "other") as opened:
        opened.graph.add([("x", "borders", "y")], source="other.tsv")
        yield opened


def test_triples_are_written_and_read(ws, other):
    found = triples_dataset(ws.graph)
    assert {(row["head"], row["relation"], row["tail"]) for row in found} == set(ws.graph.match())
    other.load(found)
    assert set(other.graph.match()) == {*ws.graph.match(), Triple("x", "borders", "y")}
    assert "facts.tsv" in other.graph.sources()


def test_a_triple_of_two_sources_has_two_rows(ws):
    ws.graph.add([("Chad", "borders", "Sudan")], source="again.tsv")
    rows = [row for row in triples_dataset(ws.graph) if row["tail"] == "Sudan"]
    assert {row["source"] for row in rows} == {"facts.tsv", "again.tsv"}


def test_an_empty_graph_has_the_columns(tmp_path):
    with Workspace.open(tmp_path / "empty") as empty:
        assert triples_dataset(empty.graph).column_names == ["head", "relation", "tail", "source"]
        assert proposals_dataset(empty).num_rows == 0


def test_links_are_written_and_read(reading):
    documents = list(reading.link(["Chad borders Sudan.", "Nothing here.", "🦊 Khartoum"]))
    again = list(linked_texts(links_dataset(documents)))
    assert again == [LinkedText.from_dict(one.to_dict()) for one in documents]
    assert again[2].entities() == ("Khartoum",)


def test_a_link_that_does_not_fit_is_refused_with_its_row():
    link = {"start": 0, "end": 99, "entity": "x"}
    rows = [{"text": "a", "links": []}, {"text": "b", "links": [link]}]
    with pytest.raises(LinkingError, match="row 2"):
        list(linked_texts(rows))


def test_proposals_are_written_and_read(ws, other):
    found = proposals_dataset(ws)
    assert [row["tail"] for row in found] == ["Libya", "Peru"]
    assert add_proposals(other, found) == 2
    assert proposals_dataset(other).remove_columns("state")[:] == found.remove_columns("state")[:]
    other.accept([one.proposal.id for one in other.review()])
    assert set(other.graph.match(head="Chad")) == {
        Triple("Chad", "borders", "Libya"),
        Triple("Chad", "borders", "Peru"),
    }
    assert proposals_dataset(other, state=None)["state"][:] == ["accepted", "accepted"]


def test_all_proposals_or_none(other):
    good = {"head": "x", "relation": "borders", "tail": "z", "sentence": "x z", "source": "s"}
    rows = Dataset.from_list([{**good, "confidence": 0.5}, {**good, "confidence": 7.0}])
    with pytest.raises(ConfigError, match="confidence"):
        add_proposals(other, rows)
    assert other.review() == []
