"""Triples as text: the facts of a mention, and sentences for pretraining."""

import pytest

from kg import EntityRecord, Triple
from kptm.data import EntityFacts, Phrasings, verbalise
from kptm.errors import ModelError


@pytest.fixture
def graph(new_graph):
    graph = new_graph()
    graph.add([EntityRecord(key="Q1", label="Georgia"), EntityRecord(key="Q2", label="Tbilisi")])
    graph.add(
        [("Q1", "has_capital", "Q2"), ("Q1", "a", "Q3"), ("Q1", "z", "Q4"), ("Q2", "a", "Q1")]
    )
    return graph


def test_facts_are_the_first_of_each_head_by_label(graph):
    facts = EntityFacts.of(graph)
    assert facts["Q1"] == ("a Q3", "has capital Tbilisi")
    assert facts["Q2"] == ("a Georgia",)
    assert facts["Q3"] == ()
    assert len(facts) == 2
    assert EntityFacts.of(graph, most=9)["Q1"] == ("a Q3", "has capital Tbilisi", "z Q4")


def test_facts_are_read_as_they_were_written(graph, tmp_path):
    facts = EntityFacts({"b\n": ["x\ty", "ü"], "a": ['"'], "none": []})
    facts.save(tmp_path / "facts.jsonl")
    again = EntityFacts.load(tmp_path / "facts.jsonl")
    assert list(again.lines()) == list(facts.lines())
    assert again["b\n"] == ("x\ty", "ü")
    assert len(again) == 2


@pytest.mark.parametrize("line", ["{", "1", "[]"])
def test_a_bad_line_is_named(tmp_path, line):
    path = tmp_path / "facts.jsonl"
    path.write_text(f'["a", "b"]\n{line}\n', encoding="utf-8")
    with pytest.raises(ModelError, match="line 2: no facts of an entity"):
        EntityFacts.load(path)


def test_every_triple_becomes_a_linked_sentence(graph):
    phrasings = Phrasings({"has_capital": ["[Y] is where [X] is governed from.", "other [X] [Y]"]})
    said = {text.text: text for text in verbalise(graph, phrasings)}
    assert set(said) == {
        "Tbilisi is where Georgia is governed from.", "Georgia a Q3.", "Georgia z Q4.",
        "Tbilisi a Georgia.",
    }  # fmt: skip
    links = said["Tbilisi is where Georgia is governed from."].links
    assert [(link.surface, link.entity) for link in links] == [("Tbilisi", "Q2"), ("Georgia", "Q1")]
    assert "Georgia has capital Tbilisi." in {text.text for text in verbalise(graph)}


def test_permuted_facts_are_all_of_others():
    facts = EntityFacts({str(number): [f"fact {number}"] for number in range(20)})
    permuted = facts.permuted(3)
    told = [permuted[str(number)] for number in range(20)]
    assert sorted(told) == sorted(facts[str(number)] for number in range(20))
    assert not any(permuted[str(number)] == facts[str(number)] for number in range(20))
    assert list(facts.permuted(3).lines()) == list(permuted.lines())
    assert len(EntityFacts({}).permuted(0)) == 0


@pytest.mark.parametrize(
    ("key", "words"),
    [("birthPlace", "birth place"), ("birth_place", "birth place"), ("isPartOf", "is part of"),
     ("XCode", "XCode"), ("P31", "P31"), ("hasURL", "hasURL")],
)  # fmt: skip
def test_a_key_is_said_in_words(new_graph, key, words):
    graph = new_graph()
    graph.add([("A", key, "B"), ("B", "other", "C")])
    told = verbalise(graph, among=[Triple("A", key, "B")])
    assert [text.text for text in told] == [f"A {words} B."]
