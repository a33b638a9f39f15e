"""Counts, differences and intersections of sets; the answers for five countries are by hand."""

import pytest

from kg import KnowledgeGraph
from kg.types import EntityRecord
from kptm import Linker, Predictor

PEOPLE = {"France": 68, "Germany": 84, "Spain": 48, "Belgium": 12, "Portugal": 10}
BORDERS = {
    "France": ("Spain", "Germany", "Belgium"),
    "Germany": ("France", "Belgium"),
    "Spain": ("France", "Portugal"),
    "Belgium": ("France", "Germany"),
    "Portugal": ("Spain",),
}
RIVERS = {
    "Rhine": ("Germany", "France"), "Douro": ("Spain", "Portugal"), "Tagus": ("Spain", "Portugal"),
    "Meuse": ("France", "Belgium"),
}  # fmt: skip
PERSONS = [
    ("Acme", "founded by", "Ann Lee"), ("Acme", "founded by", "Bob Ray"),
    ("Ann Lee", "occupation", "painter"), ("Bob Ray", "occupation", "painter"),
    ("Bob Ray", "occupation", "poet"), ("Zed Fox", "occupation", "poet"),
]  # fmt: skip


@pytest.fixture(scope="module")
def asks(tmp_path_factory):
    graph = KnowledgeGraph.open(tmp_path_factory.mktemp("sets") / "graph.db")
    graph.add([EntityRecord(key=key, types=("sovereign country",)) for key in PEOPLE])
    graph.add([EntityRecord(key=key, types=("river",)) for key in RIVERS])
    graph.load([(key, "population", number * 1_000_000) for key, number in PEOPLE.items()])
    graph.add([(a, "shares border with", b) for a, others in BORDERS.items() for b in others])
    graph.add([(a, "flows through", b) for a, others in RIVERS.items() for b in others])
    graph.add(PERSONS)
    yield Predictor(graph, Linker(graph))
    graph.close()


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("how many people live in France", {"68,000,000"}),  # a value in the graph, not a count
        ("how many countries border France", {"3"}),
        ("how many rivers flow through France", {"2"}),
        # "Countries" names the type "sovereign country".
        ("which countries border Spain", {"France", "Portugal"}),
        ("which country has the largest population", {"Germany"}),
        ("who founded Acme besides Ann Lee", {"Bob Ray"}),
        ("who founded Acme other than Bob Ray", {"Ann Lee"}),
        ("which rivers flow through the same countries as the Douro", {"Tagus"}),
        ("who is both a painter and a poet", {"Bob Ray"}),
        ("which countries does the Rhine not flow through", {"Spain", "Belgium", "Portugal"}),
    ],
)
def test_questions_about_sets_have_the_answers_by_hand(asks, question, wanted):
    answer = asks.ask(question)
    assert {item.label for item in answer.answers} == wanted, answer.explain(reading=True)
