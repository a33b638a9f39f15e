"""Films whose names differ only by an article: "Narrow Margin" and "The Narrow Margin"."""

import pytest

from kg import KnowledgeGraph
from kptm import Linker, Predictor

FACTS = [
    ("Narrow Margin", "director", "Ann Lee"),
    ("The Narrow Margin", "director", "Bob Ray"),
    ("The Long Day", "director", "Cy Fox"),
    ("United States", "capital", "Washington"),
    ("Ann Lee", "country", "United States"),
    ("Bob Ray", "country", "Chile"),
]


@pytest.fixture(scope="module")
def asks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    (folder / "films.tsv").write_text("".join("\t".join(fact) + "\n" for fact in FACTS))
    graph = KnowledgeGraph.open(folder / "graph.db")
    graph.load(folder / "films.tsv")
    yield Predictor(graph, Linker(graph))
    graph.close()


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("who is the director of Narrow Margin", {"Ann Lee"}),
        ("who is the director of The Narrow Margin", {"Bob Ray"}),
        ("who is the director of the narrow margin", {"Bob Ray"}),
        # A lower-case "the" before a capitalised name belongs to "director".
        ("who is the Narrow Margin director", {"Ann Lee"}),
        ("who is the director of Long Day", {"Cy Fox"}),
        ("who is the director of the Long Day", {"Cy Fox"}),
    ],
)
def test_an_article_distinguishes_two_names(asks, question, answers):
    found = asks.ask(question)
    assert {item.text for item in found.answers} == answers, found.explain(reading=True)
