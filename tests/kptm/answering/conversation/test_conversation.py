"""The complete questions for follow-ups, about two domains and in four languages."""

import pytest

from kg import KnowledgeGraph
from kg.types import EntityRecord, Literal, Step
from kg.vocabulary import XSD
from kptm import Linker
from kptm.answering import Answer, Conversation, WordMeaning
from kptm.answering.answer_parts import ScoredEntity

LABELS = {
    "Q1": ("Peru", "country"), "Q2": ("Chile", "country"), "Q3": ("Lima", "city"),
    "Q4": ("Santiago", "city"), "Q5": ("Brazil", "country"), "Q6": ("Alien", "film"),
    "Q7": ("Ridley Scott", "person"), "Q8": ("Blade Runner", "film"), "Q9": ("Bolivia", "country"),
    "Q10": ("Sigourney Weaver", "person"), "Q11": ("Osaka", "city"), "Q12": ("Japan", "country"),
}  # fmt: skip
KEYS = {label: key for key, (label, _) in LABELS.items()}
FACTS = [
    ("Q1", "capital", "Q3"), ("Q2", "capital", "Q4"), ("Q6", "director", "Q7"),
    ("Q1", "borders", "Q9"), ("Q11", "country", "Q12"),
]  # fmt: skip


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    with KnowledgeGraph.open(tmp_path_factory.mktemp("conversation") / "graph.db") as made:
        made.add(
            [
                *(
                    EntityRecord(key=key, label=label, types=(kind,))
                    for key, (label, kind) in LABELS.items()
                ),
                *FACTS,
            ]
        )
        yield made


class Desk:
    """Answers the questions in a table, refuses all others, and records every question."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = []

    def __call__(self, question):
        self.asked.append(question)
        if question not in self.answers:
            return Answer(question=question, reason="not known", why="fact")
        topic, *found = self.answers[question]
        if found == ["yes"]:
            value = Literal("true", f"{XSD}boolean")
            answers = (ScoredEntity(None, "yes", 0.9, value),)
        else:
            answers = tuple(ScoredEntity(KEYS[name], name, 0.9) for name in found)
        return Answer(
            question=question,
            topic=KEYS.get(topic, ""),
            entity=answers[0].entity,
            answers=answers,
            path=(Step("capital"),),
        )


def talk(graph, answers, *questions):
    """The completed questions of a conversation in which ``questions`` are typed."""
    desk = Desk(answers)
    conversation = Conversation(desk, graph, Linker(graph))
    return [conversation.ask(question).question for question in questions]


CAPITALS = {
    "what is the capital of peru": ("Peru", "Lima"),
    "what is the capital of chile": ("Chile", "Santiago"),
    "What is the capital of Peru?": ("Peru", "Lima"),
}
FILMS = {
    "who directed Alien?": ("Alien", "Ridley Scott"),
    "who directed blade runner?": ("Blade Runner", "Ridley Scott"),
}


def test_a_first_conversation(graph):
    answers = {**CAPITALS, "what is the currency of Chile": ("Chile", "Brazil")}
    assert talk(
        graph, answers, "what is the capital of peru", "and of chile", "what about its currency"
    ) == [
        "what is the capital of peru",
        "what is the capital of chile",
        "what is the currency of Chile",
    ]


GOING_ON = [
    ("What is the capital of Peru?", CAPITALS, "and Chile?", "What is the capital of Chile?"),
    ("What is the capital of Peru?", CAPITALS, "What about Chile?",
    "What is the capital of Chile?"),
    ("What is the capital of Peru?", CAPITALS, "and in the largest country?",
    "What is the capital of largest country?"),
    ("What is the capital of Peru?", CAPITALS, "and the population?",
    "what is the population of Peru"),
    ("What is the capital of Peru?", CAPITALS, "who are its neighbours?",
    "who are Peru's neighbours?"),
    ("What is the capital of Peru?", CAPITALS, "and who governs it?", "who governs Peru"),
    ("What is the capital of Peru?", CAPITALS, "how many people live there?",
    "how many people live in Peru?"),
    ("What is the capital of Peru?", CAPITALS, "what do they speak there?",
    "what do they speak in Peru?"),
    ("What is the capital of Peru?", CAPITALS, "which rivers come from there?",
    "which rivers come from Peru?"),
    ("What is the capital of Peru?", CAPITALS, "what is the currency of that country?",
    "what is the currency of Peru?"),
    ("What is the capital of Peru?", CAPITALS, "how old is that city?", "how old is Lima?"),
    ("What is the capital of Peru?", CAPITALS, "and in 1995?",
    "What is the capital of Peru in 1995"),
    ("who directed Alien?", FILMS, "and blade runner?", "who directed blade runner?"),
    ("who directed Alien?", FILMS, "when was he born?", "when was Ridley Scott born?"),
    ("who directed Alien?", FILMS, "when was it released?", "when was Alien released?"),
    ("who directed Alien?", FILMS, "who is in its cast?", "who is in Alien's cast?"),
    ("who directed Alien?", FILMS, "and the year?", "what is the year of Alien"),
]  # fmt: skip


@pytest.mark.parametrize(("first", "answers", "then", "expected"), GOING_ON)
def test_a_follow_up_becomes_a_complete_question(graph, first, answers, then, expected):
    assert talk(graph, answers, first, then)[1] == expected


ALONE = [
    "what is the capital of Chile",
    "what is the capital of Brazil and its currency",
    "what do they eat in Brazil?",
    "which rivers that cross Brazil are long",
    "hello",
]


@pytest.mark.parametrize("question", ALONE)
def test_a_complete_question_is_asked_unchanged(graph, question):
    assert talk(graph, CAPITALS, "what is the capital of peru", question)[1] == question


def test_a_first_question_is_asked_unchanged(graph):
    assert talk(graph, {}, "and of chile") == ["and of chile"]


def test_a_follow_up_refers_to_the_answer_if_the_topic_is_refused(graph):
    answers = {
        **CAPITALS,
        "what is the mayor of Lima": ("Lima", "Ridley Scott"),
        "when was Lima founded?": ("Lima", "Brazil"),
    }
    first = "what is the capital of peru"
    assert talk(graph, answers, first, "and the mayor?")[1] == "what is the mayor of Lima"
    assert talk(graph, answers, first, "when was it founded?")[1] == "when was Lima founded?"
    desk = Desk(answers)
    conversation = Conversation(desk, graph, Linker(graph))
    conversation.ask(first)
    refused = conversation.ask("who swims in it?")
    assert (refused.question, refused.found) == ("who swims in Peru?", False)
    assert desk.asked[1:] == ["who swims in Peru?", "who swims in Lima?"]


def test_a_follow_up_may_refer_to_several_answers(graph):
    answers = {
        "which countries border Chile?": ("Chile", "Peru", "Bolivia"),
        "what are the capitals of Peru and Bolivia": ("Peru", "Lima"),
        "who are the presidents of countries that border Chile": ("Chile", "Ridley Scott"),
    }
    first = "which countries border Chile?"
    found = talk(graph, answers, first, "who are their presidents?")
    assert found[1] == "who are the presidents of countries that border Chile"
    found = talk(graph, answers, first, "what are their capitals?")
    assert found[1] == "what are the capitals of Peru and Bolivia"
    assert talk(graph, answers, first, "what is its area?")[1] == "what is Chile's area?"


def test_how_many_counts_the_listed_answers(graph):
    answers = {"which countries border Chile?": ("Chile", "Peru", "Bolivia")}
    first = "which countries border Chile?"
    for then in ("how many are there?", "and how many?", "How many of them"):
        assert talk(graph, answers, first, then)[1] == "how many countries border Chile?"
    assert talk(graph, answers, first, "are there rivers?")[1] == "are there rivers?"


def test_the_last_name_of_a_yes_or_no_question_is_replaced(graph):
    answers = {"does Peru border Chile?": ("Peru", "yes")}
    desk = Desk(answers)
    conversation = Conversation(
        lambda question: _with_meanings(desk(question), "Peru", "Chile"), graph, Linker(graph)
    )
    conversation.ask("does Peru border Chile?")
    assert conversation.resolve("and Bolivia?")[0] == "does Peru border Bolivia?"


def _with_meanings(answer, *names):
    from dataclasses import replace

    places = [(answer.question.find(name), name) for name in names]
    meanings = [WordMeaning(at, at + len(name), name, "entity", KEYS[name]) for at, name in places]
    return replace(answer, meanings=tuple(item for item in meanings if item.start >= 0))


def test_a_name_of_the_same_type_is_replaced(graph):
    desk = Desk({"in which city of Japan is Osaka?": ("Osaka", "Japan")})
    conversation = Conversation(
        lambda question: _with_meanings(desk(question), "Osaka", "Japan"), graph, Linker(graph)
    )
    conversation.ask("in which city of Japan is Osaka?")
    assert conversation.resolve("and chile?")[0] == "in which city of chile is Osaka?"
    assert conversation.resolve("and Lima?")[0] == "in which city of Japan is Lima?"


def test_without_types_a_name_with_the_same_relations_is_replaced(tmp_path):
    with KnowledgeGraph.open(tmp_path / "graph.db") as graph:
        graph.add([("France", "capital", "Paris"), ("Spain", "capital", "Madrid")])
        question = "is Paris the capital of France?"
        value = Literal("true", f"{XSD}boolean")
        answer = Answer(
            question=question,
            answers=(ScoredEntity(None, "yes", 0.9, value),),
            meanings=(
                WordMeaning(3, 8, "Paris", "entity", "Paris"),
                WordMeaning(24, 30, "France", "entity", "France"),
            ),
        )
        conversation = Conversation(lambda _: answer, graph, Linker(graph))
        conversation.ask(question)
        assert conversation.resolve("and Madrid?")[0] == "is Madrid the capital of France?"
        assert conversation.resolve("and Spain?")[0] == "is Paris the capital of Spain?"


def test_a_misspelt_name_is_replaced(graph):
    question = "what is the capital of perru"
    answer = Answer(
        question=question, topic="Q1", entity="Q3", answers=(ScoredEntity("Q3", "Lima", 0.9),),
        meanings=(WordMeaning(23, 28, "perru", "entity", "Q1"),),
    )  # fmt: skip
    conversation = Conversation(lambda _: answer, graph, Linker(graph))
    conversation.ask(question)
    assert conversation.resolve("and of chile")[0] == "what is the capital of chile"


def test_a_name_that_was_linked_by_a_part_is_replaced_whole(graph):
    question = "where was Ridley Scott born?"
    answer = Answer(
        question=question, topic="Q7", answers=(ScoredEntity("Q12", "Japan", 0.9),), entity="Q12",
        meanings=(WordMeaning(10, 16, "Ridley", "entity", "Q7"),),
    )  # fmt: skip
    conversation = Conversation(lambda _: answer, graph, Linker(graph))
    conversation.ask(question)
    expected = "where was Sigourney Weaver born?"
    assert conversation.resolve("and Sigourney Weaver?")[0] == expected


def test_a_question_word_is_no_name_to_refer_to(tmp_path):
    with KnowledgeGraph.open(tmp_path / "graph.db") as graph:
        graph.add([("The Who", "country", "United Kingdom")])
        graph.add([EntityRecord(key="The Who", label="The Who", aliases=("Who",))])
        assert talk(graph, {}, "who wrote it?", "where was he born?")[1] == "where was he born?"


def test_a_follow_up_may_refer_to_a_refused_question(graph):
    found = talk(graph, {}, "what is the gdp of Brazil?", "and of Chile?")
    assert found[1] == "what is the gdp of Chile?"


def test_a_year_is_replaced(graph):
    answers = {"who governed Peru in 1995?": ("Peru", "Ridley Scott")}
    asked = talk(graph, answers, "who governed Peru in 1995?", "and in 2001?")
    assert asked[1] == "who governed Peru in 2001?"


@pytest.mark.parametrize(
    ("first", "then", "expected"),
    [
        ("was ist die Hauptstadt von Peru?", "und von Chile?", "was ist die Hauptstadt von Chile?"),
        ("was ist die Hauptstadt von Peru?", "und seine Währung?", "was ist die Währung von Peru"),
        ("¿cuál es la capital de Peru?", "¿y de Chile?", "¿cuál es la capital de Chile?"),
        ("¿cuál es la capital de Peru?", "¿y su moneda?", "cuál es la moneda de Peru"),
        ("Peru的首都是什么", "那Chile呢", "Chile的首都是什么"),
        ("Peru的首都是什么", "它的人口是多少", "Peru的人口是多少"),
    ],
)
def test_follow_ups_in_other_languages(graph, first, then, expected):
    desk = Desk({first: ("Peru", "Lima")})
    conversation = Conversation(
        lambda question: _with_meanings(desk(question), "Peru"), graph, Linker(graph)
    )
    conversation.ask(first)
    assert conversation.ask(then).question == expected


def test_a_conversation_with_a_workspace(toy, tmp_path):
    from kptm import Workspace

    with Workspace.open(tmp_path / "ws") as ws:
        ws.load_entities(toy.entities)
        ws.load(toy.triples)
        conversation = ws.conversation()
        assert conversation.ask("What is the capital of Peru?").text == "Lima"
        found = conversation.ask("and of Chile?")
        assert (found.question, found.text) == ("What is the capital of Chile?", "Santiago")
        assert found.sentence == "The capital of Chile is Santiago."
