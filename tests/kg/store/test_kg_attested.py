"""The sources and the first revision of a fact, compared with a log written by the test."""

import random

import pytest

from kg import Statement, Triple, ValueKey
from kg.store.read import describe
from kg.types import Attribute, Literal


@pytest.mark.parametrize("seed", range(3))
def test_sources_and_revision_are_those_of_a_diary(graph, monkeypatch, seed):
    monkeypatch.setattr(describe, "TRIPLES_PER_STATEMENT", 4)
    random_ = random.Random(seed)
    facts = [Triple(f"e{n % 4}", f"r{n % 2}", f"e{n % 5}") for n in range(20)]
    diary: dict[Triple, dict[str, int]] = {}
    states = []
    for _ in range(25):
        fact, source = random_.choice(facts), random_.choice(["one", "two", "three"])
        if random_.random() < 0.7:
            graph.add([fact], source=source)
            diary.setdefault(fact, {}).setdefault(source, graph.revision())
        else:
            graph.remove(head=fact.head, relation=fact.relation, tail=fact.tail)
            diary.pop(fact, None)
        states.append((graph.revision(), {key: dict(said) for key, said in diary.items()}))
    for revision, said in states:
        view = graph.at(revision)
        found = view.attestations(
            [*facts, Triple("nobody", "r0", "e1"), Triple("e0", "none", "e1")]
        )
        assert set(found) == set(said)
        for fact, item in found.items():
            assert item.fact == fact
            assert {name for name, _ in item.sources} == set(said[fact])
            assert item.revision == min(said[fact].values())
    assert graph.attestations(facts) == graph.at(graph.revision()).attestations(facts)
    assert graph.attestations([]) == {}


def test_confidences_agree_with_attested(graph):
    fact, other = Triple("a", "r", "b"), Triple("a", "r", "c")
    graph.add([Statement(fact, confidence=0.4)], source="one")
    graph.add([Statement(other, confidence=0.2), Statement(Triple("a", "s", "b"), confidence=0)])
    states = [{fact: 0.4, other: 0.2}]
    graph.add([Statement(fact, confidence=0.7)], source="two")
    states.append({fact: 0.7, other: 0.2})
    graph.add([other], source="three")  # which is certain
    states.append({fact: 0.7})
    graph.forget(source="two")
    states.append({fact: 0.4})
    asked = [fact, other, Triple("a", "s", "b"), Triple("a", "s", "nobody")]
    for revision, expected in enumerate(states, 2):
        view = graph.at(revision)
        assert view.confidences(asked) == expected
        given = {key: item.confidence for key, item in view.attestations(asked).items()}
        assert expected == {key: item for key, item in given.items() if item is not None}
    assert graph.confidences(asked) == states[-1]


def test_a_value_is_not_the_entity_of_the_same_text(graph):
    year, other = ValueKey(Literal("1984", "integer")), ValueKey(Literal("1985", "integer"))
    graph.add([Statement(Attribute("a", "r", year.literal), confidence=0.3)])
    graph.add([Statement(Triple("a", "r", "1984"), confidence=0.6), ("1984", "s", "a")])
    of_value, of_entity = Triple("a", "r", year), Triple("a", "r", "1984")
    asked = [of_entity, of_value, Triple("a", "r", other), Triple(year, "s", "a")]
    assert graph.confidences(asked) == {of_entity: 0.6, of_value: 0.3}
    assert list(graph.attestations(asked)) == [of_entity, of_value]
    hostile = [Triple("a\0", "r", "b"), Triple("a", "\ud800", "b"), Triple("a", "r", "")]
    assert graph.attestations(hostile) == {}


def test_the_line_in_the_file_is_given(graph, write):
    path = write("a.tsv", "a\tr\tb\n\nc\tr\ta\n")
    graph.load(path)
    found = graph.attestations([Triple("c", "r", "a"), Triple("a", "r", "c")])
    assert found[Triple("c", "r", "a")].sources == ((str(path), 3),)
    assert list(found) == [Triple("c", "r", "a")]
    assert {item.fact: item.revision for item in graph.describe("a").facts} == {
        Triple("a", "r", "b"): 1,
        Triple("c", "r", "a"): 1,
    }
