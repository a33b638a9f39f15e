"""Films whose names differ only by an article: "Narrow Margin" and "The Narrow Margin"."""

import pytest

from kg import KnowledgeGraph
from kptm import Linker, Predictor
from kptm.answering.lexicon import load
from kptm.answering.parsing.question.articles import asks_for_example

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


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("name a 1936 epic film", True),
        ("what is a popular pop rock band", True),
        ("whats a movie title that is a netflix drama", True),
        ("Who's someone famous with asthma?", True),
        ("give me an example", True),
        ("which film has a sequel", False),
        ("what is the capital of a country", False),
        ("is a whale a mammal", True),  # of a yes-or-no question it changes nothing
        ("", False),
    ],
)
def test_questions_that_ask_for_any_one_of_many(question, expected):
    assert asks_for_example(load().tokens(question)) is expected
