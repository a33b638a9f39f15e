"""The example world's questions to learn from fit the graph, and are not in the test set."""

import json
import re
from collections import defaultdict

import pytest

from kg import KnowledgeGraph
from kg.types import Step


@pytest.fixture(scope="module")
def lines(world):
    """Each line's question and answers; some have none."""
    pairs = [line.split("\t") for line in world.learn.read_text(encoding="utf-8").splitlines()]
    return [(question, answers.split("|") if answers else []) for question, answers in pairs]


@pytest.fixture(scope="module")
def answered(lines):
    return [(question, answers) for question, answers in lines if answers]


@pytest.fixture(scope="module")
def triples(world):
    lines = world.triples.read_text(encoding="utf-8").splitlines()
    return [tuple(line.split("\t")) for line in lines]


@pytest.fixture(scope="module")
def steps(triples):
    """The steps that can be made from each entity."""
    found = defaultdict(set)
    for head, relation, tail in triples:
        found[head].add(Step(relation))
        found[tail].add(Step(relation, forward=False))
    return found


@pytest.fixture(scope="module")
def graph(world, empty_graph, tmp_path_factory):
    path = tmp_path_factory.mktemp("learn") / "world.db"
    path.write_bytes(empty_graph.read_bytes())
    with KnowledgeGraph.open(path) as graph:
        graph.load_entities(world.entities)
        graph.load(world.triples)
        yield graph


def words(text):
    return re.findall(r"\w+", text.casefold())


def named(senses, question):
    """The entities whose label or an alias stands in a question, whole words only."""
    longest = max(map(len, senses))
    said = words(question)
    return {
        key
        for start in range(len(said))
        for end in range(start + 1, min(len(said), start + longest) + 1)
        for key in senses.get(tuple(said[start:end]), ())
    }


def leads(graph, steps, topic, answers):
    """Whether some path of one or two hops leads from an entity to exactly the answers."""
    one = [(step,) for step in steps[topic]]
    last = [Step(step.relation, not step.forward) for step in steps[answers[0]]]
    two = [(first, second) for first in steps[topic] for second in last]
    return any(sorted(graph.follow(topic, path)) == sorted(answers) for path in one + two)


def test_every_line_is_a_question_with_answers_of_the_graph(lines, answered, steps):
    assert len(answered) >= 600
    assert len(lines) - len(answered) >= 100  # that the graph cannot answer
    for question, answers in lines:
        assert question.count("[MASK]") + question.endswith("?") + question.startswith("Name ") == 1
        assert answers == sorted(set(answers)), question
        assert set(answers) <= steps.keys(), question


def test_no_question_is_repeated(lines):
    texts = [" ".join(words(question)) for question, _ in lines]
    assert len(set(texts)) == len(texts)


@pytest.mark.usefixtures("many_inputs")
def test_a_path_from_a_name_leads_to_just_the_answers(world, answered, graph, steps):
    rows = map(json.loads, world.entities.read_text(encoding="utf-8").splitlines())
    senses = defaultdict(set)
    for row in rows:
        for name in (row["label"], *row["aliases"]):
            senses[tuple(words(name))].add(row["key"])
    for question, answers in answered:
        topics = named(senses, question)
        assert any(leads(graph, steps, topic, answers) for topic in topics), question


def test_learnt_questions_are_not_asked(world, lines):
    """No question or wording for measuring is among those for learning."""
    asked = {" ".join(words(question.question)) for question in world.questions()}
    kept = [
        re.compile(re.escape(phrasing.pattern).replace(r"\[X\]", ".+").replace(r"\[Y\]", ".+"))
        for phrasing in world.phrasings()
        if phrasing.role == "ask"
    ]
    texts = [question for question, _ in lines]
    assert [text for text in texts if " ".join(words(text)) in asked] == []
    assert [text for text in texts if any(pattern.fullmatch(text) for pattern in kept)] == []


def test_each_relation_is_described_and_no_entity_is_added(world, graph, triples):
    lines = world.relations.read_text(encoding="utf-8").splitlines()
    rows = list(map(json.loads, lines))
    assert [row["key"] for row in rows] == sorted({relation for _, relation, _ in triples})
    for row in rows:
        assert row["label"] == row["key"]
        assert 8 <= len(set(row["aliases"])) == len(row["aliases"]) <= 16
        assert "head" in row["description"]
        assert "tail" in row["description"]
    before = graph.stats()["entities"]
    graph.load_entities(world.relations)
    assert graph.stats()["entities"] == before
