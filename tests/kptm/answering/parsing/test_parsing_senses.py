"""Words beside an ambiguous name that decide its sense, namesakes, and superlatives."""

import pytest

from kg.types import Attribute, EntityRecord, Literal
from kg.vocabulary import XSD
from kptm import Linker, Phrasings
from kptm.answering.parsing.parser import QuestionParser

TOWNS = {
    "t1": ("Marlow", "Northland", 900),
    "t2": ("Marlow", "Westland", 400),
    "t3": ("Penrith", "Westland", 700),
    "t4": ("Osby", "Southland", 300),
}
LAKES = {"l1": ("Tarn", "Northland"), "l2": ("Mere", "Westland")}
AREAS = {"Northland": 50, "Westland": 80, "Southland": 20}


@pytest.fixture(scope="module")
def parser(tmp_path_factory):
    from kg import KnowledgeGraph

    graph = KnowledgeGraph.open(tmp_path_factory.mktemp("senses") / "graph.db")
    rows = []
    for name, area in AREAS.items():
        rows += [
            EntityRecord(key=name, label=name, types=("province",)),
            Attribute(name, "area", Literal(str(area), f"{XSD}integer")),
        ]
    for key, (name, province, people) in TOWNS.items():
        rows += [
            EntityRecord(key=key, label=name, types=("town",)),
            (key, "located in", province),
            Attribute(key, "population", Literal(str(people), f"{XSD}integer")),
        ]
    for key, (name, province) in LAKES.items():
        rows += [
            EntityRecord(key=key, label=name, types=("lake",)),
            (key, "located in", province),
        ]
    graph.add(rows)
    return QuestionParser(graph, Linker(graph), Phrasings({}))


def first(parser, question):
    found = parser.parse(question).parses[0].derivation
    values = [getattr(node, "literal", None) for node in found.nodes]
    if found.number is not None:
        return found.number.value
    return {value.value if value else node for value, node in zip(values, found.nodes, strict=True)}


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("what is the population of marlow westland", {"400"}),
        ("what is the population of marlow northland", {"900"}),
        ("what is the population of marlow in westland", {"400"}),
        ("what is the population of the northland town of marlow", {"900"}),
        ("what is the population of osby, located in southland", {"300"}),
        ("which provinces have towns named marlow", {"Northland", "Westland"}),
        ("how many towns are named marlow", "2"),
        ("what is the area of the largest province", {"80"}),
        ("what is the population of the largest town", {"900"}),
        ("which provinces have no lakes", {"Southland"}),
        ("what is the largest town in westland", {"t3"}),
    ],
)
def test_the_best_parse_has_the_answer_by_hand(parser, question, answer):
    assert first(parser, question) == answer
