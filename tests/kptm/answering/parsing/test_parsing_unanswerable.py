"""Questions without an answer that are made from answered ones, and what is learnt from them."""

import pytest

from kg import KnowledgeGraph
from kptm import Linker, Phrasings, Predictor
from kptm.answering.parsing.parser import QuestionParser
from kptm.answering.parsing.training.answer_matching import AnswerMatcher
from kptm.answering.parsing.training.likelihood import Example
from kptm.answering.parsing.training.similarity_training import steps_of
from kptm.answering.parsing.training.unanswerable import (
    has_known_name,
    names_of,
    remove_relations,
    reverse_names,
)
from kptm.answering.training.lessons import Lesson
from kptm.answering.training.predictor_training import learn

COUNTRIES = [f"Land{letter}ia" for letter in "abcdefghijklmnopqrstuvwxyz"]
FACTS = [
    fact
    for at, country in enumerate(COUNTRIES)
    for fact in (
        (country, "capital", f"Town{at}burg"),
        (country, "official language", f"Tongue{at}ish"),
        (country, "head of state", f"Ruler{at}son"),
    )
]


@pytest.fixture(scope="module")
def parser(tmp_path_factory):
    graph = KnowledgeGraph.open(tmp_path_factory.mktemp("countries") / "graph.db")
    graph.add(FACTS)
    yield QuestionParser(graph, Linker(graph), Phrasings({}))
    graph.close()


def example(parser, text, *answers):
    question = parser.read(text)
    candidates = parser.candidates(question)
    wanted = AnswerMatcher(answers, {key: (key,) for key in answers})
    return question, Example(candidates, [wanted.reward(item.derivation) for item in candidates])


@pytest.mark.parametrize(
    ("text", "answer", "expected"),
    [
        ("capital of Landaia", "Town0burg", "capital of Aiadnal"),
        ("what is the capital of landaia?", "Town0burg", "what is the capital of aiadnal?"),
        ("what is the CAPITAL of LANDAIA?", "Town0burg", "what is the CAPITAL of AIADNAL?"),
        ("what is the capital of Landaia", "Tongue0ish", "what is the capital of Aiadnal"),
        # No program is right.
        ("what is the capital of Landaia", "Nobody", "what is the capital of Landaia"),
    ],
)
def test_the_letters_of_the_name_are_reversed(parser, text, answer, expected):
    question, made = example(parser, text, answer)
    assert reverse_names(question, names_of(made)) == expected


@pytest.mark.parametrize(("name", "known"), [("Noel", True), ("Ada", True), ("Lima", False)])
def test_a_reversed_name_that_the_graph_has_is_known(new_graph, name, known):
    graph = new_graph()
    graph.add([(head, "capital", f"Town of {head}") for head in ("Noel", "Leon", "Ada", "Lima")])
    parser = QuestionParser(graph, Linker(graph), Phrasings({}))
    question, made = example(parser, f"what is the capital of {name}", f"Town of {name}")
    names = names_of(made)
    assert has_known_name(parser.read(reverse_names(question, names)), names) is known


def test_without_the_right_relation_the_other_programs_are_left(parser):
    question, made = example(parser, "what is the capital of Landaia", "Town0burg")
    relations = {
        step.relation
        for item, reward in zip(made.candidates, made.right, strict=True)
        if reward > 0
        for step in steps_of(item.derivation.program)
    }
    assert "capital" in relations
    left = remove_relations(question, made, None)
    programs = [str(item.derivation.program) for item in left.candidates]
    assert programs == [
        str(item.derivation.program)
        for item in made.candidates
        if relations.isdisjoint(step.relation for step in steps_of(item.derivation.program))
    ]
    assert 0 < len(programs) < len(made.candidates)
    assert left.right == [0.0] * len(programs)
    assert remove_relations(*example(parser, "capital of Landaia", "Nobody"), None) is None


def test_unknown_names_are_refused_after_training(new_graph):
    graph = new_graph()
    graph.add(FACTS)
    linker = Linker(graph)
    predictor = Predictor(graph, linker)
    lessons = [
        lesson
        for at, country in enumerate(COUNTRIES)
        for lesson in (
            Lesson(f"what do people speak in {country}", (f"Tongue{at}ish",)),
            Lesson(f"who runs {country} these days", (f"Ruler{at}son",)),
        )
    ]
    asked = lessons[::5]
    taught = [lesson for lesson in lessons if lesson not in asked]
    learn(predictor, graph, linker, taught, len(taught))
    for lesson in asked:
        assert predictor.ask(lesson.question).entity == lesson.answers[0]
    for name in ("Wakanda", "New Landaia", "Old Landbia"):  # no piece of a name stands for it
        for text in (f"what do people speak in {name}", f"who runs {name} these days"):
            assert not predictor.ask(text).answers, text
