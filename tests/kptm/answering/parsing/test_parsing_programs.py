"""Questions over five countries, with answers by hand, and repeatable parses."""

import pytest

from kg.types import EntityRecord
from kptm import Linker, Predictor

AREAS = {"France": 551, "Germany": 357, "Spain": 505, "Belgium": 30, "Portugal": 92}
BORDERS = {
    "France": ("Spain", "Germany", "Belgium"),
    "Germany": ("France", "Belgium"),
    "Spain": ("France", "Portugal"),
    "Belgium": ("France", "Germany"),
    "Portugal": ("Spain",),
}
CAPITALS = {
    "France": "Paris", "Germany": "Berlin", "Spain": "Madrid", "Belgium": "Brussels",
    "Portugal": "Lisbon",
}  # fmt: skip


@pytest.fixture(scope="module")
def asks(tmp_path_factory):
    from kg import KnowledgeGraph

    graph = KnowledgeGraph.open(tmp_path_factory.mktemp("five") / "graph.db")
    graph.add([EntityRecord(key=key, types=("country",)) for key in AREAS])
    graph.add([EntityRecord(key=key, types=("city",)) for key in CAPITALS.values()])
    graph.load([(key, "area", number) for key, number in AREAS.items()])
    graph.add([(key, "capital", city) for key, city in CAPITALS.items()])
    graph.add([(key, "borders", other) for key, others in BORDERS.items() for other in others])
    yield Predictor(graph, Linker(graph))
    graph.close()


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("What is the capital of France?", {"Paris"}),
        ("what is the capitol of france", {"Paris"}),
        ("Paris is the capital of [MASK].", {"France"}),
        ("[MASK] is the capital of Spain.", {"Madrid"}),
        ("which countries border Spain", {"France", "Portugal"}),
        ("how many countries border France", {"3"}),
        ("what is the largest country", {"France"}),
        ("what is the smallest country", {"Belgium"}),
        ("which country has the largest area", {"France"}),
        ("what is the largest country that borders Germany", {"France"}),
        ("what is the capital of the largest country", {"Paris"}),
        ("which countries do not border Germany", {"Germany", "Spain", "Portugal"}),
        ("does France border Spain", {"yes"}),
        ("does France border Portugal", {"no"}),
        ("which countries border both France and Germany", {"Belgium"}),
        ("what are the capitals of France and Germany", {"Paris", "Berlin"}),
        ("what is the area of Spain", {"505"}),
    ],
)
def test_questions_about_countries_have_the_answers_by_hand(asks, question, wanted):
    answer = asks.ask(question)
    assert {item.label for item in answer.answers} == wanted, answer.explain(reading=True)


def test_a_very_long_word_and_many_unknown_words_have_no_answer(asks):
    for text in ("x" * 2_000, "xyzzy " * 330):
        assert not asks.ask(text).found


def test_a_question_has_the_same_parses_each_time(asks):
    text = "what is the largest country that borders Germany"
    first, second = asks.parser.parse(text), asks.parser.parse(text)
    assert [(x.derivation.program, x.p) for x in first.parses] == [
        (x.derivation.program, x.p) for x in second.parses
    ]
    assert sum(x.p for x in first.parses) + first.none == pytest.approx(1.0)
