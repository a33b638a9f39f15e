"""The evidence of answers: triples, similar facts and ranks (by brute force), and spans."""

import numpy as np
import pytest

from kg import KGEConfig, train_embeddings
from kg.types import Statement, Step, Triple
from kptm import Linker, Modeledge, Predictor
from kptm.answering.config import PredictorConfig
from kptm.answering.evidence import confidence
from kptm.answering.evidence.citations import EvidenceBuilder
from kptm.answering.questions.naming import labels
from kptm.answering.questions.path_reading import Reading

SURE = PredictorConfig(min_score=0.0, uncalibrated=True)


def reading(entity, *steps):
    return Reading(entity=entity, path=steps, link_score=1.0, answers=(), score=1.0)  # fmt: skip


def test_a_fact_has_its_sources_and_revision(predictor, graph, tmp_path):
    path = tmp_path / "more.tsv"
    path.write_text("\nTurkey\tcapital\tAnkara\n")
    graph.load(path)
    graph.add([("Turkey", "capital", "Istanbul")], source="someone")
    found = {x.triple: x for x in predictor.query("Turkey", "capital").evidence}
    assert set(found) == set(graph.match("Turkey", "capital"))
    old, new = (found[Triple("Turkey", "capital", tail)] for tail in ("Ankara", "Istanbul"))
    assert (old.sources, old.revision) == (("user", f"{path}:2"), 1)
    assert (new.sources, new.revision) == (("someone",), 3)
    assert (new.kind, new.entity, new.score) == ("triple", "Istanbul", 1.0)


def test_all_answers_are_returned_and_the_first_are_cited(predictor, graph, monkeypatch):
    monkeypatch.setattr(confidence, "MAX_HOP_ANSWERS", 3)
    graph.add([("Sea", "touches", f"Land{number}") for number in range(8)])
    found = predictor.query("Sea", "touches")
    assert len(found.answers) == 8
    assert {x.entity for x in found.evidence if x.kind == "triple"} == {"Land0", "Land1", "Land2"}
    assert found.evidence[-1].text == "and 5 more answers, found the same way"


def test_each_answer_of_a_path_has_the_facts_on_the_path(graph, monkeypatch):
    monkeypatch.setattr(confidence, "MAX_PATH_ANSWERS", 3)
    path = (Step("capital", forward=False), Step("borders"))
    graph.add([("Turkey", "borders", f"Land{number}") for number in range(5)])
    ends = graph.follow("Ankara", path)
    citations = EvidenceBuilder(graph, Linker(graph), None, None)
    found = citations.facts(reading("Ankara", *path), ends, labels(graph, ["Ankara", *ends]))
    wanted = {Triple("Turkey", "capital", "Ankara")}
    wanted |= {Triple("Turkey", "borders", end) for end in ends[:3]}
    assert {x.triple for x in found if x.kind == "triple"} == wanted
    assert found[-1].text == f"and {len(ends) - 3} more answers, found the same way"
    assert all("user" in x.sources and x.revision for x in found[:-1])


def test_ranks_and_facts_of_similar_entities_are_those_of_brute_force(graph, phrasings):
    graph.add([(f"c{n}", "speaks", ("x", "y", "z")[n % 3]) for n in range(12)])
    graph.add([("c12", "borders", "c1"), ("c12", "borders", "c2"), ("c1", "borders", "c2")])
    table = train_embeddings(graph, KGEConfig(dim=4, epochs=3))
    predictor = Predictor(graph, Linker(graph), None, table, phrasings=phrasings, config=SURE)
    answer = predictor.query("c12", "speaks")
    keys = ["x", "y", "z"]
    scores = table.scores(head="c12", relation="speaks")[[table.row(key) for key in keys]]
    order = [keys[at] for at in (-scores).argsort().tolist()]
    assert answer.entity == order[0]
    first = next(x for x in answer.evidence if x.kind == "link prediction")
    assert "ranks it 1 of 3" in first.text
    have = [item.head for item in graph.match(None, "speaks", order[0])]
    vectors = {key: table.vectors([key])[0].numpy() for key in (*have, "c12")}

    def cosine(key):
        a, b = vectors[key], vectors["c12"]
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    nearest = sorted(have, key=lambda key: -cosine(key))[:3]
    like = [x for x in answer.evidence if x.kind == "link prediction" and x.triple]
    assert [x.triple for x in like] == [Triple(key, "speaks", order[0]) for key in nearest]
    assert [x.score for x in like] == pytest.approx([cosine(key) for key in nearest], abs=1e-5)
    assert all(x.sources == ("user",) for x in like)


def test_a_sentence_has_its_source_and_the_spans_of_names(graph, phrasings, model, tmp_path):
    linker = Linker(graph)
    text = "Everybody says that Tbilisi is the capital of Armenia, or so."
    with Modeledge.open(tmp_path / "store.db") as store:
        for source in ("paper", "gossip"):
            store.write(model, [linker.link(text)], source=source)
        config = PredictorConfig(min_score=0.0, uncalibrated=True, sources=("modeledge",))
        predictor = Predictor(graph, linker, model, None, store, phrasings=phrasings, config=config)
        answer = predictor.ask("[MASK] is the capital of Armenia.")
    assert answer.entity == "Tbilisi"
    sentence = next(x for x in answer.evidence if x.kind == "sentence")
    assert (sentence.text, sentence.sources) == (text, ("gossip", "paper"))
    assert {(text[x.start : x.end], x.entity) for x in sentence.spans} == {
        ("Tbilisi", "Tbilisi"),
        ("Armenia", "Armenia"),
    }
    assert "«Tbilisi» is the capital of «Armenia»" in answer.explain()
    assert {"modeledge", "sentence"} <= {x.kind for x in answer.evidence}


def test_the_sources_of_a_row_are_found_by_its_id(model, graph, tmp_path):
    linker = Linker(graph)
    texts = ["Turkey borders Armenia.", "Ankara is in Turkey."]
    with Modeledge.open(tmp_path / "store.db") as store:
        store.write(model, [linker.link(texts[0])], source="a")
        store.write(model, [linker.link(text) for text in texts], source="b")
        wanted = {x.id: x.sources for space in store.stats() for x, _ in store.entries(space)}
        assert set(map(tuple, wanted.values())) == {("a", "b"), ("b",)}
        assert store.sources(list(wanted)) == wanted
        assert store.sources([]) == {}


def test_a_fact_with_low_confidence_gets_a_lower_score(new_graph):
    graph = new_graph()
    said = {"Oldtown": 0.2, "Newtown": 0.9, "Midtown": None}
    graph.add(
        [Statement(Triple("Sylvania", "capital", key), confidence=p) for key, p in said.items()]
    )
    answer = Predictor(graph, Linker(graph)).query("Sylvania", "capital")
    scores = {item.label: item.score for item in answer.answers}
    assert list(scores) == ["Midtown", "Newtown", "Oldtown"]
    assert scores["Newtown"] / scores["Midtown"] == pytest.approx(0.9)
    assert scores["Oldtown"] / scores["Midtown"] == pytest.approx(0.2)
    assert "confidence 0.20" in answer.explain()
    assert answer.explain().count("confidence") == 2
