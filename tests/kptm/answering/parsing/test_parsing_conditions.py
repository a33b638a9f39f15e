"""Questions with several conditions and repeated words, over gods, films and countries."""

import pytest

from kg import KnowledgeGraph
from kg.types import EntityRecord
from kptm import Linker, Predictor

TYPES = {
    "god": "Zeus Leto Metis Apollo Artemis Athena",
    "person": "Ann_Lee Bob_Ray",
    "film": "Alpha Beta Gamma",
    "country": "Peru Chile Brazil France Spain",
    "continent": "Asteria Borealis",
    "mountain": "Grey_Peak Tall_Peak",
    "river": "Blue_Flow Flow Long_Flow",
    "side": "Left-hand_traffic Right-hand_traffic",
}
FACTS = [
    *((child, "parent", "Zeus") for child in ("Apollo", "Artemis", "Athena")),
    *((child, "parent", "Leto") for child in ("Apollo", "Artemis")),
    ("Athena", "parent", "Metis"),
    *((film, "performer", "Ann_Lee") for film in ("Alpha", "Beta", "Gamma")),
    ("Alpha", "director", "Bob_Ray"),
    ("Beta", "director", "Ann_Lee"),
    ("Gamma", "director", "Ann_Lee"),
    ("Bob_Ray", "citizen of", "France"),
    *((country, "continent", "Asteria") for country in ("Peru", "Chile", "Brazil")),
    *((country, "continent", "Borealis") for country in ("France", "Spain")),
    *((country, "driving side", "Right-hand_traffic") for country in ("Peru", "Chile", "France")),
    *((country, "driving side", "Left-hand_traffic") for country in ("Brazil", "Spain")),
    *(("Brazil", "shares border with", country) for country in ("Peru", "France")),
    *((country, "shares border with", "Brazil") for country in ("Peru", "France")),
    ("Peru", "shares border with", "Chile"),
    ("Chile", "shares border with", "Peru"),
    ("Peru", "highest point", "Grey_Peak"),
    ("Chile", "highest point", "Tall_Peak"),
    ("Blue_Flow", "flows into", "Flow"),
    ("Flow", "flows into", "Long_Flow"),
]
VALUES = [("Grey_Peak", "elevation", "4100"), ("Tall_Peak", "elevation", "5200")]


@pytest.fixture(scope="module")
def asks(tmp_path_factory):
    graph = KnowledgeGraph.open(tmp_path_factory.mktemp("conditions") / "graph.db")
    graph.add(
        [
            EntityRecord(key=key, label=key.replace("_", " "), types=(kind,))
            for kind, keys in TYPES.items()
            for key in keys.split()
        ]
    )
    graph.load([*VALUES, *(("Peru", "population", "10"), ("Chile", "population", "20"))])
    graph.add(FACTS)
    yield Predictor(graph, Linker(graph))
    graph.close()


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        # Each of two equal words belongs to the name beside it.
        ("which children of Zeus are not children of Leto", {"Athena"}),
        ("who are the children of Leto", {"Apollo", "Artemis"}),
        ("who are the parents of Athena", {"Zeus", "Metis"}),
        # The subtracted set has films too: a set of another type would remove nothing.
        ("which films with Ann Lee were not directed by Bob Ray", {"Beta", "Gamma"}),
        # No word names the relation of one of the two names.
        ("which countries in Asteria have left-hand traffic", {"Brazil"}),
        ("how many countries in Asteria border Brazil", {"1"}),
        # "How high" asks for a value, not for a point.
        ("how high is the highest point of Peru", {"4100"}),
        # The noun next to a name only states its type.
        ("which countries lie on the continent of Borealis", {"France", "Spain"}),
        ("which country borders the most countries", {"Brazil", "Peru"}),
        # The noun "director" names the relation, and films are asked for.
        ("the director of Beta is also the director of which films", {"Gamma"}),
        ("does the Flow flow into the Blue Flow", {"no"}),
        ("does the Blue Flow flow into the Flow", {"yes"}),
    ],
)
def test_questions_with_conditions_have_the_answers_by_hand(asks, question, wanted):
    answer = asks.ask(question)
    assert {item.text for item in answer.answers} == wanted, answer.explain(reading=True)


@pytest.mark.parametrize(
    ("question", "joins"),
    [
        ("who performs in films together with whom", False),
        ("who performs in films together with Bob Ray", True),
    ],
)
def test_together_with_joins_only_a_name(asks, question, joins):
    read = asks.parser.read(question)
    assert any(match.kind == "and" for match in read.operators) is joins


@pytest.mark.parametrize(
    ("question", "condition", "alone"),
    [
        ("which countries in Borealis border Chile", "who borders Chile", {"Peru"}),
        ("which Borealis countries share a border with Chile", "who borders Chile", {"Peru"}),
    ],
)
def test_a_condition_that_no_entity_satisfies_is_not_ignored(asks, question, condition, alone):
    assert {item.text for item in asks.ask(condition).answers} == alone
    answer = asks.ask(question)
    assert not answer.answers
    assert answer.reason == "nothing in the graph is so"
    assert {"Borealis", "Chile"} <= {item.text for item in answer.meanings}
