"""What question words ask for ("how", "what kind of"), and names that look like function words."""

import pytest

from kg import KnowledgeGraph
from kg.types import EntityRecord
from kptm import Linker, Predictor

ENTITIES = [
    EntityRecord(key="ann", label="Ann Lee", description="American singer", types=("person",)),
    EntityRecord(key="bob", label="Bob Ray", description="Canadian writer", types=("person",)),
    EntityRecord(
        key="flu", label="influenza", description="infection of the airways", types=("infection",)
    ),
    EntityRecord(key="oslo", label="Oslo", description="capital city of Norway", types=("city",)),
    EntityRecord(key="norway", label="Norway", description="country in Europe", types=("country",)),
    EntityRecord(
        key="chile", label="Chile", description="country in South America", types=("country",)
    ),
    EntityRecord(
        key="peru", label="Peru", description="country in South America", types=("country",)
    ),
    EntityRecord(key="europe", label="Europe", description="continent", types=("continent",)),
    EntityRecord(
        key="usa", label="United States", aliases=("us",), description="country", types=("country",)
    ),
    EntityRecord(key="canada", label="Canada", description="country", types=("country",)),
    EntityRecord(key="inuit", label="Inuktitut", description="language", types=("language",)),
    EntityRecord(key="elm", label="Elm School", description="school in Oslo", types=("school",)),
    EntityRecord(key="private", label="private school", description="kind of school"),
    EntityRecord(key="public", label="public school", description="kind of school"),
    EntityRecord(key="state", label="state-funded institution", description="kind of school"),
    EntityRecord(key="lake", label="Lake Long", description="lake in Norway", types=("lake",)),
]
FACTS = [
    ("ann", "place of death", "oslo"),
    ("ann", "cause of death", "flu"),
    ("bob", "place of death", "oslo"),
    ("oslo", "country", "norway"),
    ("norway", "continent", "europe"),
    ("norway", "capital", "oslo"),
    ("chile", "shares border with", "peru"),
    ("peru", "shares border with", "chile"),
    ("canada", "shares border with", "usa"),
    ("usa", "shares border with", "canada"),
    ("canada", "language", "inuit"),
    ("elm", "school type", "state"),
    ("elm", "school district", "oslo"),
]


@pytest.fixture(scope="module")
def asks(tmp_path_factory):
    graph = KnowledgeGraph.open(tmp_path_factory.mktemp("words") / "graph.db")
    graph.add(ENTITIES)
    graph.add(FACTS)
    yield Predictor(graph, Linker(graph))
    graph.close()


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("where did ann lee die", {"oslo"}),
        ("how did ann lee die", {"flu"}),  # a city does not answer "how"
        ("what kind of school is elm school", {"state"}),
        ("elm school is what type of school?", {"state"}),
        ("which countries border the us", {"canada"}),  # "us" after "the" is a name, no pronoun
        ("what language do most canadians speak", {"inuit"}),  # "most" is no superlative here
    ],
)
def test_an_answer_is_of_the_kind_that_the_question_word_asks_for(asks, question, answers):
    found = asks.ask(question)
    assert {item.key for item in found.answers} == answers, found.explain(reading=True)


def test_a_place_does_not_answer_how(asks):
    found = asks.ask("how did bob ray die")
    assert "oslo" not in {item.key for item in found.answers} or found.answers[0].score < 0.4


def test_a_question_with_two_alternatives_is_not_answered_with_no(asks):
    """The school is neither private nor public, but "no" does not answer which of the two it is."""
    found = asks.ask("is elm school a private school or a public school")
    assert [item.text for item in found.answers] != ["no"]


def test_an_unused_adjective_of_a_continent_lowers_the_score(asks):
    plain = asks.ask("which countries share a border with chile")
    assert {item.key for item in plain.answers} == {"peru"}
    more = asks.ask("which European countries share a border with chile")
    assert not more.answers or more.answers[0].score < plain.answers[0].score - 0.3
