"""Cached entities and relations are those that a new reader without a cache reads."""

import random
from contextlib import suppress

import pytest

from kg import EntityRecord, KnowledgeGraph, StoreError, UnknownKeyError
from kg.entities import entity_reader
from kg.types import Attribute, Literal
from kg.vocabulary import LABEL

KEYS = ["a", "b", "é", "r", "s", "nobody"]


def state(graph, keys=KEYS):
    return graph.entities(keys), graph.relations()


def change(graph, choice):
    """Make a change of a random kind; a refused one changes nothing."""
    one, other = choice.choice(KEYS[:3]), choice.choice(KEYS[:3])
    relation, source = choice.choice(["r", "s"]), choice.choice(["x", "y"])
    kinds = [
        lambda: graph.add([(one, relation, other)], source=source),
        lambda: graph.add([EntityRecord(key=one, label=f"L{choice.random()}", types=("t",))]),
        lambda: graph.add([EntityRecord(key=relation, label=f"R{choice.random()}")]),
        lambda: graph.add([Attribute(one, LABEL, Literal("Ein", language="de"))], source=source),
        lambda: graph.edit(one, relation, other),
        lambda: graph.undo(choice.randint(1, max(1, graph.revision())), later=True),
        lambda: graph.forget(source=source),
        lambda: graph.forget(entity=one),
        lambda: graph.remove(relation=relation),
        lambda: graph.purge(source=source),
    ]
    with suppress(StoreError, UnknownKeyError):
        choice.choice(kinds)()


@pytest.mark.parametrize("seed", range(6))
def test_it_agrees_with_a_new_reader(new_place, monkeypatch, seed):
    """This graph and another one on the same database make changes; a small cache overflows."""
    monkeypatch.setattr(entity_reader, "MAX_CACHED_ENTITIES", [3, 100][seed % 2])
    monkeypatch.setattr(entity_reader, "MAX_FOLLOWED_CHANGES", [0, 2, 100][seed % 3])
    place, choice = new_place(), random.Random(seed)
    with KnowledgeGraph.open(place) as graph, KnowledgeGraph.open(place) as other:
        for _ in range(25):
            change(choice.choice([graph, other]), choice)
            asked = choice.sample(KEYS, choice.randint(1, len(KEYS)))
            fresh = entity_reader.EntityReader(graph.database, None, ())
            found, relations = state(graph, asked)
            assert (found, relations) == (fresh.entities(asked), fresh.relations())
            assert list(found) == [key for key in asked if key in found]


def test_a_reused_revision_number_means_two_states(graph):
    graph.add([("a", "r", "b"), EntityRecord(key="a", label="Ay")])
    number = graph.log.note("index", "texts")
    assert graph.entity("a").label == "Ay"
    graph.log.withdraw(number)
    graph.add([EntityRecord(key="a", label="Bee")])
    assert graph.revision() == number
    assert graph.entity("a").label == "Bee"
    graph.log.withdraw(graph.log.note("index", "texts"))
    again = graph.log.note("index", "texts")
    assert graph.entity("a").label == "Bee"  # read as of a revision that goes
    graph.log.withdraw(again)
    graph.add([EntityRecord(key="a", label="Cee")])
    graph.add([("b", "r", "b")])
    assert graph.entity("a").label == "Cee"


def test_what_a_transaction_takes_back_was_never_there(graph):
    graph.add([("a", "r", "b")])
    before = state(graph)
    with suppress(RuntimeError), graph.transaction():
        graph.add([("b", "s", "b"), EntityRecord(key="a", label="Ay")])
        assert graph.entity("a").label == "Ay"
        assert [item.key for item in graph.relations()] == ["r", "s"]
        raise RuntimeError
    assert state(graph) == before


def test_repeated_questions_are_not_read_again(graph, monkeypatch):
    graph.add([(name, "r", "b") for name in "acd"])
    first = state(graph)
    read = []
    fetch = entity_reader.naming.entities_of
    monkeypatch.setattr(
        entity_reader.naming,
        "entities_of",
        lambda sql, keys, *rest: read.append(sorted(keys)) or fetch(sql, keys, *rest),
    )
    assert state(graph) == first
    assert read == []
    graph.add([EntityRecord(key="c", label="See")])
    assert graph.entities("abcd")["c"].label == "See"
    assert graph.entities("abcd")["a"] == graph.entity("a")
    assert read == [["c", "d"]]  # d is new, too
