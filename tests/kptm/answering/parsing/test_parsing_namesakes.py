"""Names that several entities share, nouns that are also names, and the noun that is asked for."""

import pytest

from kg import KnowledgeGraph
from kg.types import EntityRecord
from kptm import Linker, Predictor
from kptm.answering.parsing.ranking.asked_for import head_noun

NAMES = {
    "f1": "The Grey Tower", "f2": "The Grey Tower", "f3": "The Grey Tower", "f4": "Low Water",
    "g1": "western", "g2": "drama", "g3": "comedy", "g4": "jazz",
    "p1": "Ann Lee", "p2": "Bob Ray", "i1": "cello", "i2": "organ",
    "t1": "Sport", "t2": "Wanderers", "s1": "football",
}  # fmt: skip
FACTS = [
    ("f1", "/film/film/genre", "g1"),
    ("f2", "/film/film/genre", "g2"),
    ("f3", "/film/film/genre", "g3"),
    ("f4", "/film/film/genre", "g2"),
    *(("p1", "/film/director/film", film) for film in ("f1", "f2", "f3")),
    ("p2", "/film/actor/film", "f4"),
    ("i1", "/music/instrument/instrumentalists", "p1"),
    ("i2", "/music/instrument/instrumentalists", "p2"),
    ("g4", "/music/genre/artists", "p1"),
    ("t2", "/sports/sports_team/sport", "s1"),
    ("t2", "/sports/sports_team/position", "i2"),
    ("t1", "/film/film/genre", "g2"),
    ("t2", "/organization/organization/place_founded", "c1"),
    ("t3", "/film/film/genre", "g2"),
]


@pytest.fixture(scope="module")
def asks(tmp_path_factory):
    graph = KnowledgeGraph.open(tmp_path_factory.mktemp("namesakes") / "graph.db")
    graph.add([EntityRecord(key=key, label=name) for key, name in NAMES.items()])
    graph.add([EntityRecord(key="c1", label="Leeds", description="large city in the north")])
    graph.add([EntityRecord(key="t3", label="City")])
    graph.add(FACTS)
    yield Predictor(graph, Linker(graph))
    graph.close()


def test_an_ambiguous_name_lowers_the_score_and_the_other_senses_are_returned(asks):
    answer = asks.ask("what kind of film is the grey tower")
    assert answer.topic in ("f1", "f2", "f3")
    assert {item.entity for item in answer.answers} == {
        {"f1": "g1", "f2": "g2", "f3": "g3"}[answer.topic]
    }
    assert answer.score < 0.5
    assert {answer.topic, *(item.entity for item in answer.senses)} == {"f1", "f2", "f3"}


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        # "Kind of film" asks for a genre, although "film" alone matches other relations.
        ("what kind of film is low water", {"drama"}),
        # The noun says that instruments are asked for, against the word order.
        ("what instrument does ann lee play", {"cello"}),
        ("which instrument does bob ray play", {"organ"}),
        # "Sport" is also the name of a film.
        ("which sport do the wanderers play", {"football"}),
        # "City" is also the name of a film, and no relation has that name.
        ("what city were the wanderers founded in", {"Leeds"}),
    ],
)
def test_the_noun_after_the_question_word_decides_the_answer(asks, question, answers):
    answer = asks.ask(question)
    assert {item.text for item in answer.answers} == answers, answer.explain(reading=True)


@pytest.mark.parametrize(
    ("question", "noun"),
    [
        ("what city were the wanderers founded in", ["city"]),
        ("which sport do the wanderers play", ["sport"]),
        # A word before another noun is a condition, not the noun that is asked for.
        ("which European countries use the dollar", []),
        ("which western films were made by ann lee", []),
        ("what is low water", []),
        ("who is ann lee", []),
    ],
)
def test_the_head_noun_is_between_the_question_word_and_a_function_word(asks, question, noun):
    read = asks.parser.read(question)
    assert [token.text for at, token in enumerate(read.tokens) if head_noun(read) >> at & 1] == noun
