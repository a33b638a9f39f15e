"""Kinds of things, by hand."""

import pytest

from kg import Step
from kptm.answering.kinds import LOOKED_AT, Kinds, fit, narrowed
from kptm.answering.words import question_words


@pytest.fixture
def world(new_graph, tmp_path):
    rows = [
        ("Nile", "river"),
        ("Oder", "river"),
        ("Egypt", "country"),
        ("Cairo", "city"),
        ("Delta", ""),
    ]
    path = tmp_path / "entities.csv"
    path.write_text("key,types\n" + "".join(f"{key},{kind}\n" for key, kind in rows))
    graph = new_graph()
    graph.load_entities(path)
    graph.add(
        [
            ("Nile", "flows through", "Cairo"),
            ("Egypt", "country city", "Cairo"),
            ("Delta", "part of", "Nile"),
        ]
    )
    names = {item.key: question_words(item.label) for item in graph.relations()}
    return graph, Kinds(graph, names)


@pytest.mark.parametrize(
    ("question", "kinds"),
    [
        ("Which long river flows there?", {"river"}),
        ("What country is it?", {"country"}),
        ("The river [MASK] flows there.", {"river"}),
        ("The [MASK] river flows there.", {"river"}),
        ("It flows by the river of [MASK].", {"river"}),
        ("It is the city of [MASK].", set()),  # a relation's name says what is asked of it
        ("Who lives by the river?", set()),
        ("Which mountain is it?", set()),  # no step leads to one
    ],
)  # fmt: skip
def test_the_kind_that_is_asked_for(world, question, kinds):
    steps = [Step("flows through", False), Step("country city", False), Step("country city")]
    wanted = {word for kind in kinds for word in question_words(kind)}
    assert world[1].asked(question, steps) == wanted
    assert world[1].asked(question, []) == set()


def test_answers_are_of_a_kind_or_not_or_nothing_is_known(world):
    known = world[1].of(["Nile", "Egypt", "Delta"])
    asked = set(question_words("river"))
    assert fit(["Nile"], asked, known) is True
    assert fit(["Egypt", "Nile"], asked, known) is True
    assert fit(["Egypt"], asked, known) is False
    assert fit(["Delta"], asked, known) is None
    assert fit(["Nile"], set(), known) is None


def test_of_some_that_are_of_the_kind_the_others_are_left_out(world):
    known = world[1].of(["Nile", "Egypt", "Oder", "Delta"])
    asked = set(question_words("river"))
    mixed = ("Egypt", "Nile", "Delta", "Oder")
    assert narrowed(mixed, asked, known) == ("Nile", "Oder")
    assert narrowed(mixed, set(), known) == mixed
    assert narrowed(("Egypt", "Delta"), asked, known) == ("Egypt", "Delta")
    assert narrowed(("Egypt",), asked, known) == ("Egypt",)


def test_of_more_answers_than_are_looked_at_none_is_left_out(world):
    many = ("Nile", *(f"n{number}" for number in range(LOOKED_AT)))
    asked = set(question_words("river"))
    assert narrowed(many[:-1], asked, world[1].of(many[:-1])) == ("Nile",)
    assert narrowed(many, asked, world[1].of(many)) == many


def test_a_step_begins_at_such_entities(world):
    kinds = world[1]
    assert kinds.begins(Step("flows through"), ("river",))
    assert not kinds.begins(Step("flows through"), ("country",))
    assert kinds.begins(Step("flows through", False), ("city", "town"))
    assert kinds.begins(Step("flows through"), ())


def test_a_changed_graph_has_other_kinds(world, tmp_path):
    graph, kinds = world
    assert not kinds.begins(Step("part of"), ("river",))
    graph.add([("Nile", "part of", "Cairo")])
    kinds.refresh()
    assert kinds.begins(Step("part of"), ("river",))
