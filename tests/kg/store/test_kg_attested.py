"""Who says a fact, and since which revision: a diary kept by hand is the oracle."""

import random

import pytest

from kg import Triple
from kg.store import describe


@pytest.mark.parametrize("seed", range(3))
def test_sources_and_revision_are_those_of_a_diary(graph, monkeypatch, seed):
    monkeypatch.setattr(describe, "FACTS", 4)
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
        found = view.attested([*facts, Triple("nobody", "r0", "e1"), Triple("e0", "none", "e1")])
        assert set(found) == set(said)
        for fact, item in found.items():
            assert item.fact == fact
            assert {name for name, _ in item.sources} == set(said[fact])
            assert item.revision == min(said[fact].values())
    assert graph.attested(facts) == graph.at(graph.revision()).attested(facts)
    assert graph.attested([]) == {}


def test_the_line_of_a_file_is_told(graph, write):
    path = write("a.tsv", "a\tr\tb\n\nc\tr\ta\n")
    graph.load(path)
    found = graph.attested([Triple("c", "r", "a"), Triple("a", "r", "c")])
    assert found[Triple("c", "r", "a")].sources == ((str(path), 3),)
    assert list(found) == [Triple("c", "r", "a")]
    assert {item.fact: item.revision for item in graph.describe("a").facts} == {
        Triple("a", "r", "b"): 1,
        Triple("c", "r", "a"): 1,
    }
