"""Stale embeddings and models; the oracle compares the sets of triples at both revisions."""

import random

import pytest

from kg import KGEConfig, train_embeddings
from kptm import FusedModel, FusionConfig, Linker, Predictor
from kptm.answering.config import PredictorConfig
from kptm.answering.evidence.staleness import StalenessCheck


@pytest.fixture
def table(graph):
    return train_embeddings(graph, KGEConfig(dim=4, epochs=1))


@pytest.mark.parametrize("seed", range(3))
def test_vectors_trained_on_other_facts_are_stale(graph, table, seed):
    random_ = random.Random(seed)
    freshness = StalenessCheck(graph, {"link prediction": table})
    then = set(graph.match())
    undoable = []
    for _ in range(15):
        if undoable and random_.random() < 0.5:
            graph.undo(undoable.pop())
        else:
            before = graph.revision()
            graph.add([(f"e{random_.randrange(3)}", "r", "x")])
            if graph.revision() > before:
                undoable.append(graph.revision())
        differing = set(graph.match()) ^ then
        touched = {end for item in differing for end in (item.head, item.tail)}
        notes = freshness.notes({"link prediction", "graph"}, "e0")
        assert bool(notes) == bool(differing)
        if notes:
            assert ("says other things of e0" in notes[0].text) == ("e0" in touched)
            assert notes[0].kind == "stale"
            assert notes[0].revision == table.revision
            assert "kptm embed" in notes[0].text
    assert freshness.notes({"model"}, "e0") == ()


def test_an_alias_makes_nothing_stale(graph, table):
    from kg.types import EntityRecord

    freshness = StalenessCheck(graph, {"link prediction": table})
    graph.add([EntityRecord(key="Turkey", label="Türkiye")])
    assert freshness.notes({"link prediction"}, "Turkey") == ()


def test_vectors_of_a_graph_with_the_same_facts_are_fresh(graph, table, new_graph):
    other = new_graph()
    for item in graph.match():
        other.add([item])
    freshness = StalenessCheck(other, {"link prediction": table})
    assert freshness.notes({"link prediction"}, "Turkey") == ()
    other.add([("a", "r", "b")])
    assert freshness.notes({"link prediction"}, "Turkey") != ()


def test_vectors_without_a_fingerprint_are_never_stale(graph, embeddings):
    assert StalenessCheck(graph, {"model": embeddings}).notes({"model"}, "x") == ()


def test_a_purge_makes_all_stale(graph, table):
    freshness = StalenessCheck(graph, {"link prediction": table})
    graph.purge(entity="Rhine")
    assert freshness.notes({"link prediction"}, "Turkey") != ()


def test_an_answer_notes_the_stale_sources_that_were_used(
    graph, table, phrasings, tokenizer_of, config_of
):
    tokenizer = tokenizer_of("bert")
    model = FusedModel.build(
        config_of("bert", tokenizer), table, FusionConfig(), tokenizer=tokenizer
    )
    config = PredictorConfig(min_score=0.0, uncalibrated=True)
    predictor = Predictor(graph, Linker(graph), model, table, phrasings=phrasings, config=config)

    def stale(**more):
        answer = predictor.query("Turkey", "capital", **more)
        return [x.text for x in answer.evidence if x.kind == "stale"]

    assert stale() == []
    revision = graph.edit("Turkey", "capital", "Atlanta")
    assert [text.split(" trained")[0] for text in stale()] == [
        "the embeddings were",
        "the model was",
    ]
    assert len(stale(sources=["graph", "model"])) == 1
    assert stale(sources=["graph"]) == []
    assert predictor.query("Turkey", "capital").entity == "Atlanta"  # the graph answers first
    graph.undo(revision)
    assert stale() == []
