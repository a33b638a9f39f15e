"""Titles of films with question words and punctuation, passive verbs, and common nouns."""

import pytest

from kg.types import Step
from kptm import Linker, Phrasings, Predictor
from kptm.answering.parsing.parser import QuestionParser
from kptm.answering.parsing.question.appositions import common_nouns
from kptm.answering.parsing.ranking.relation_kinds import leads_from_agent

FACTS = [
    ("When Rain Falls", "directed by", "Bob Ray"),
    ("When Rain Falls", "release year", "1995"),
    ("When Rain Falls", "starred actors", "Ann Lee"),
    ("Where Eagles Nest", "directed by", "Bob Ray"),
    ("Where Eagles Nest", "filmed in", "Chad"),
    ("Life", "directed by", "Bob Ray"),
    ("That's Life!", "directed by", "Ann Lee"),
    ("Tie Me Up! Tie Me Down!", "directed by", "Cy Fox"),
    ("...And So On", "directed by", "Dee Kay"),
    ("Low Water", "starred actors", "Ann Lee"),
    ("Low Water", "written by", "Cy Fox"),
]


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    from kg import KnowledgeGraph

    graph = KnowledgeGraph.open(tmp_path_factory.mktemp("titles") / "graph.db")
    graph.add(FACTS)
    yield graph
    graph.close()


@pytest.fixture(scope="module")
def parser(graph):
    return QuestionParser(graph, Linker(graph), Phrasings({}))


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        # A question word in a title asks for nothing.
        ("When Rain Falls is directed by whom", "Bob Ray"),
        ("the director of When Rain Falls is who", "Bob Ray"),
        ("Where Eagles Nest is directed by which person", "Bob Ray"),
        ("when was When Rain Falls released", "1995"),
        # Punctuation at the ends of a title belongs to it.
        ("who directed That's Life!", "Ann Lee"),
        ("who is That's Life! directed by", "Ann Lee"),
        ("who directed Tie Me Up! Tie Me Down!", "Cy Fox"),
        ("who directed ...And So On?", "Dee Kay"),
        ("who directed Life?", "Bob Ray"),
    ],
)
def test_a_title_is_read_as_one_name(graph, question, answer):
    found = Predictor(graph, Linker(graph)).ask(question)
    assert [item.key for item in found.answers] == [answer], found.explain(reading=True)


@pytest.mark.parametrize(
    ("question", "names", "answer"),
    [
        ("When Rain Falls is directed by whom", 0b111, "person"),
        ("When Rain Falls is directed by whom", 0, "date"),
        ("when was When Rain Falls released", 0b11100, "date"),
        ("When Rain Falls", 0b111, None),
    ],
)
def test_a_question_word_in_a_name_asks_for_nothing(parser, question, names, answer):
    asked = parser.read(question).question_word(names)
    assert (asked and asked.answer) == answer


def test_a_title_with_punctuation_inside_is_one_mention(parser):
    question = parser.read("who directed Tie Me Up! Tie Me Down!, and when")
    spans = {
        (item.start, item.end) for item in question.mentions if item.node.startswith("Tie Me Up")
    }
    assert (2, 8) in spans
    assert [token.text for token in question.tokens[2:8]] == ["Tie", "Me", "Up", "Tie", "Me",
    "Down"]  # fmt: skip


def test_by_belongs_to_the_verb_before_it(parser):
    """The "by" of "starred by" does not match the relation "written by"."""
    said = parser.read("movies starred by Low Water actors").relations
    alone = parser.read("movies by Cy Fox").relations
    assert said.evidence("starred actors").recall == 1.0
    assert said.evidence("written by").recall < 0.3 < alone.evidence("written by").recall


@pytest.mark.parametrize(
    ("question", "names", "noun"),
    [
        ("what is a film directed by Bob Ray", 0b11000000, "film"),
        ("the film Low Water starred which actors", 0b1100, "film"),
        ("an album by Low Water", 0b11000, "album"),
        # Without an article, a word may be a name.
        ("which films with sea are by Bob Ray", 0b11000000, None),
        ("which countries use the Euro", 0, None),
        ("the Low Water", 0b110, None),
        # In Spanish, "a" is a preposition.
        ("qué países exportan a Francia y limitan con Alemania", 0, None),
    ],
)
def test_articles_mark_common_nouns(parser, question, names, noun):
    read = parser.read(question)
    found = common_nouns(read, names)
    marked = [token.text for at, token in enumerate(read.tokens) if found >> at & 1]
    assert marked == [noun] * bool(noun)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("the film Low Water starred which actors", "Ann Lee"),
        ("which actors starred in the film Low Water", "Ann Lee"),
        ("the film Low Water is directed by whom", "Bob Ray"),
        ("what is a film directed by Bob Ray", "Low Water"),
    ],
)
def test_a_common_noun_is_not_read_as_the_entity_of_that_name(new_graph, question, answer):
    graph = new_graph()
    graph.add(
        [
            ("Low Water", "directed by", "Bob Ray"),
            ("Low Water", "starred actors", "Ann Lee"),
            ("Old Song", "has tags", "film"),
            ("Old Song", "directed by", "Zed Zee"),
        ]
    )
    found = Predictor(graph, Linker(graph)).ask(question)
    assert [item.key for item in found.answers] == [answer], found.explain(reading=True)


@pytest.mark.parametrize(
    ("question", "noun"),
    [
        ("who directed film Low Water", ["film"]),
        ("who directed Film Low Water", []),  # not as the entity is written
        ("who directed film by Low Water", []),
        ("who directed song Low Water", []),  # no entity
    ],
)
def test_a_noun_before_a_name_is_no_second_name(new_graph, question, noun):
    graph = new_graph()
    graph.add([("Low Water", "directed by", "Bob Ray"), ("Old Song", "has tags", "film")])
    read = QuestionParser(graph, Linker(graph), Phrasings({})).read(question)
    end = len(read.tokens)
    found = common_nouns(read, 0b11 << end - 2)
    assert [token.text for at, token in enumerate(read.tokens) if found >> at & 1] == noun


@pytest.mark.parametrize(
    ("question", "step", "expected"),
    [
        ("the films that Bob Ray wrote were directed by who", Step("directed by", False), True),
        ("the films that Bob Ray wrote were directed by whom", Step("directed by", False), True),
        ("the films that Bob Ray wrote were directed by who", Step("directed by"), False),
        ("the films that Bob Ray wrote were directed by who", Step("filmed in", False), False),
        ("who was directed by Bob Ray", Step("directed by", False), False),
        ("who", Step("directed by", False), False),
    ],
)
def test_by_who_asks_for_the_agent_and_not_for_what_was_done(parser, question, step, expected):
    read = parser.read(question)
    found = leads_from_agent(read, read.question_word(), step, parser.schema())
    assert found is expected
