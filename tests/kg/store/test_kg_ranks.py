"""Ranks and confidence: deprecated statements are not facts; preferred facts come first."""

import random

import pytest

from kg import Attribute, Literal, Qualifier, Statement, Step, Triple
from kg.vocabulary import DEPRECATED, IRI, LABEL, PREFERRED, RANK

CAPITAL = [Step("capital")]


def ranked(tail, rank=None, confidence=None):
    qualifiers = (Qualifier(RANK, Literal(rank, IRI)),) if rank else ()
    return Statement(Triple("F", "capital", tail), confidence=confidence, qualifiers=qualifiers)


def test_deprecated_statements_are_recorded_and_answer_nothing(graph):
    graph.add([ranked("Old", DEPRECATED, 0.0), ranked("New"), ranked("Bad", confidence=0.0)])
    graph.add([ranked("Rank alone", DEPRECATED)])
    assert [item.tail for item in graph.match("F")] == ["New"]
    assert graph.follow("F", CAPITAL) == ["New"]
    assert graph.follow("Old", [Step("capital", forward=False)]) == []
    assert list(graph.query([("F", "capital", "?c")])) == [("New",)]
    assert graph.sparql("SELECT ?c { key:F key:capital ?c }") == [("New",)]
    assert graph.neighbours("F") == [Triple("F", "capital", "New")]
    assert {item.fact.tail for item in graph.describe("F").facts} == {"New"}
    shown = {item.fact.tail: item.rank for item in graph.describe("F", deprecated=True).facts}
    wrong = {"Old", "Bad", "Rank alone"}
    assert shown == {"New": "normal"} | dict.fromkeys(wrong, "deprecated")
    assert {c.fact.tail for c in graph.history("F") if c.confidence == 0} == wrong
    assert graph.entity("Old").label == "Old"  # it is there: something is said of it
    assert graph.stats()["triples"] == 1
    assert [item for item, _ in graph.triples_with_sources()] == [Triple("F", "capital", "New")]


def test_a_fact_lives_while_one_source_does_not_deprecate_it(graph):
    fact = Triple("F", "capital", "Old")
    graph.add([ranked("Old", confidence=0.0)], source="doubter")
    assert list(graph.match()) == []
    graph.add([fact], source="believer")
    assert graph.attestations([fact])[fact].sources == (("believer", None),)
    graph.forget(source="believer")
    assert list(graph.match()) == []
    graph.undo()
    assert list(graph.match()) == [fact]
    assert [list(graph.at(number).match()) for number in (1, 2, 3, 4)] == [[], [fact], [], [fact]]
    assert graph.edit("F", "capital", "F", old="Old")
    assert list(graph.match()) == [Triple("F", "capital", "F")]


def test_a_label_that_is_wrong_is_not_shown(graph):
    wrong = Statement(Attribute("F", LABEL, Literal("Fredonia")), confidence=0.0)
    graph.add([Attribute("F", LABEL, Literal("Freedonia")), wrong])
    assert graph.entity("F").label == "Freedonia"
    assert graph.entity("F").aliases == ()
    assert graph.search("Fredonia") == graph.search("Freedonia")  # a slip of the pen away


def test_deprecated_statements_survive_a_round_trip(graph, new_graph, tmp_path):
    statements = [ranked("Old", DEPRECATED, 0.0), ranked("New", PREFERRED), ranked("B", None, 0.5)]
    graph.add(statements)
    graph.export(tmp_path / "all.jsonl")
    other = new_graph()
    report = other.load(tmp_path / "all.jsonl")
    assert (report.read, report.added) == (3, 3)
    assert set(other.match()) == set(graph.match())
    assert other.load(tmp_path / "all.jsonl").duplicate == 3
    assert other.describe("F", deprecated=True).facts[0].rank == "deprecated"


def test_preferred_facts_are_followed_before_the_others_of_their_source(graph):
    graph.add([ranked("Old"), ranked("New", PREFERRED), Triple("G", "capital", "Old")])
    assert graph.follow("F", CAPITAL) == ["New"]
    assert graph.follow("Old", [Step("capital", forward=False)]) == ["G"]
    assert graph.trails("F", CAPITAL, "Old") == []
    assert {item.tail for item in graph.match("F")} == {"Old", "New"}
    found = graph.attestations(list(graph.match("F")))
    assert {fact.tail: item.rank for fact, item in found.items()} == {
        "Old": "normal",
        "New": "preferred",
    }
    # Another source knows nothing of that rank.
    graph.add([ranked("Other")], source="another")
    assert set(graph.follow("F", CAPITAL)) == {"New", "Other"}
    assert graph.at(1).follow("F", CAPITAL) == ["New"]


def test_confidence_is_the_highest_of_all_sources(graph):
    fact = Triple("F", "capital", "New")
    graph.add([ranked("New", confidence=0.3)], source="a")
    assert graph.attestations([fact])[fact].confidence == 0.3
    graph.add([ranked("New", confidence=0.8)], source="b")
    assert graph.attestations([fact])[fact].confidence == 0.8
    graph.add([fact], source="c")
    assert graph.attestations([fact])[fact].confidence is None


@pytest.mark.parametrize("seed", range(3))
def test_live_facts_agree_with_a_diary(graph, seed):
    """Sources state, doubt and retract triples in random order; a dictionary is the oracle."""
    random_ = random.Random(seed)
    diary: dict[tuple[str, str], set[float | None]] = {}
    states = []
    for _ in range(40):
        tail, source = random_.choice("abc"), random_.choice(["one", "two"])
        if random_.random() < 0.75:
            confidence = random_.choice([None, 0.0, 0.0, 0.4])
            graph.add([ranked(tail, confidence=confidence)], source=source)
            diary.setdefault((tail, source), set()).add(confidence)
        else:
            graph.forget(source=source)
            diary = {key: value for key, value in diary.items() if key[1] != source}
        alive = {tail for (tail, _), said in diary.items() if said - {0.0}}
        states.append((graph.revision(), alive))
        assert {item.tail for item in graph.match()} == alive
        assert set(graph.entities("abc")) == {tail for tail, _ in diary}
    for revision, alive in states:
        assert {item.tail for item in graph.at(revision).match()} == alive
        assert set(graph.at(revision).follow("F", CAPITAL)) == alive
