"""The composed questions: each answer is what Python computes over triples and values."""

from types import SimpleNamespace

import pytest
from composed_facts import Facts, as_answers
from composed_numbers import COMPARISON, COUNT, ORDINAL, SUPERLATIVE
from composed_sets import (
    CONDITIONS,
    DIFFERENCE,
    INVERSE,
    NEGATION,
    NO_NAME,
    NO_RELATION,
    NO_VALUE,
    VALUE,
    YES_NO,
)

from kg import KnowledgeGraph

KINDS = {
    "count": COUNT,
    "superlative": SUPERLATIVE,
    "ordinal": ORDINAL,
    "comparison": COMPARISON,
    "negation": NEGATION,
    "conditions": CONDITIONS,
    "yes or no": YES_NO,
    "value": VALUE,
    "difference": DIFFERENCE,
    "inverse": INVERSE,
}


@pytest.fixture(scope="module")
def facts(world):
    return Facts(world)


@pytest.fixture(scope="module")
def gold(world):
    questions = world.composed_questions()
    assert len({question.question for question in questions}) == len(questions) == 220
    return {question.question: question for question in questions}


@pytest.mark.parametrize("kind", KINDS)
def test_each_answer_is_what_plain_python_computes(facts, gold, kind):
    computed = {question: as_answers(answer(facts)) for question, answer in KINDS[kind].items()}
    stated = {text: question.answers for text, question in gold.items() if question.kind == kind}
    assert stated == computed
    assert all(stated.values())


def test_no_answer_depends_on_a_fact_that_the_graph_leaves_out(world, facts, tmp_path):
    """All facts of the world give the same answers as the facts that the graph has."""
    rows = ["\t".join((fact.head, fact.relation, fact.tail)) for fact in world.facts()]
    (tmp_path / "triples.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    with_all = SimpleNamespace(
        triples=tmp_path / "triples.tsv", values=world.values, entities=world.entities
    )
    whole = Facts(with_all)
    for table in KINDS.values():
        for question, answer in table.items():
            assert as_answers(answer(whole)) == as_answers(answer(facts)), question


def test_there_are_150_of_ten_kinds_and_40_again_in_lower_case(gold):
    assert sum(map(len, KINDS.values())) == 150
    lowered = [question for question in gold.values() if question.kind == "lower case"]
    assert len(lowered) == 40
    originals = {
        text.lower().rstrip("?."): gold[text] for table in KINDS.values() for text in table
    }
    for question in lowered:
        assert question.answers == originals[question.question].answers


def test_nothing_answers_the_unanswerable_ones(facts, gold):
    unanswerable = {text for text, question in gold.items() if not question.answers}
    assert unanswerable == {*NO_RELATION, *NO_NAME, *NO_VALUE}
    assert len(unanswerable) == 30
    relations = {*facts.forward, *facts.value}
    assert not relations & set(NO_RELATION.values())
    names = {name.casefold() for name in facts.names}
    assert not names & {name.casefold() for name in NO_NAME.values()}
    for head, relation in NO_VALUE.values():
        assert head in facts.names
        assert relation in relations
        assert not facts.tails(head, relation)
        assert head not in facts.value[relation]


def test_no_question_is_asked_elsewhere_in_the_world(world, gold):
    others = {question.question.casefold() for question in world.questions()}
    others |= {
        line.split("\t")[0].casefold()
        for line in world.learn.read_text(encoding="utf-8").splitlines()
    }
    assert not others & {text.casefold() for text in gold}


@pytest.mark.usefixtures("many_inputs")
def test_values_are_of_known_entities_and_load_with_the_types_meant(world, facts, tmp_path):
    with KnowledgeGraph.open(tmp_path / "graph.db") as graph:
        graph.load_entities(world.entities)
        report = graph.load(world.values)
        assert graph.stats()["entities"] == len(set().union(*facts.types.values()))
    assert report.added == report.read == sum(map(len, facts.value.values()))
    assert {typed.relation: typed.kind for typed in report.typed} == {
        "area": "quantity",
        "atomic number": "integer",
        "date of birth": "date",
        "diameter": "quantity",
        "elevation": "quantity",
        "length": "quantity",
        "population": "integer",
        "release year": "integer",
        "year founded": "integer",
    }
