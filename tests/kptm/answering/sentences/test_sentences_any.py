"""Every program has a sentence in every language, with any names."""

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg import KnowledgeGraph
from kg.errors import QueryError
from kg.programs import (
    Aggregate,
    Compare,
    Difference,
    Exists,
    Follow,
    Having,
    Intersection,
    Measure,
    Named,
    OfType,
    Period,
    Subtract,
    Superlative,
    Union,
    Within,
)
from kg.types import Attribute, EntityRecord, Literal, Step
from kg.values import ValueKey
from kg.vocabulary import XSD
from kptm.answering.answer import Answer
from kptm.answering.answer_parts import ScoredEntity
from kptm.answering.questions.naming import labels
from kptm.answering.sentences import LANGUAGES, SentenceWriter

NAMES = ["A", "{b}", "c, d", "ﬁ 🦊", "the Who", "x\ny", "%s"]
RELATIONS = [
    "r",
    "{r}",
    "of",
    "by",
    "is",
    "has",
    "is a",
    "s",
    "P36",
    "a/b",
    "/x/y/z",
    "born in",
    "flows into",
    "--",
    "written",
]
TYPES = ["river", "s", "{t}", "a city"]


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    with KnowledgeGraph.open(tmp_path_factory.mktemp("any") / "graph.db") as made:
        made.add(
            [
                *(
                    EntityRecord(key=name, label=name, types=(TYPES[at % 4],))
                    for at, name in enumerate(NAMES)
                ),
                *(
                    (head, relation, tail)
                    for at, relation in enumerate(RELATIONS)
                    for head, tail in [
                        (NAMES[at % 7], NAMES[(at * 3 + 1) % 7]),
                        ("A", NAMES[at % 7]),
                    ]
                ),
                *(
                    Attribute(name, relation, Literal(str(at * 7), f"{XSD}integer", unit="metre"))
                    for at, name in enumerate(NAMES)
                    for relation in RELATIONS[:4]
                ),
            ]
        )
        yield made


steps = st.builds(Step, st.sampled_from(RELATIONS), st.booleans())
paths = st.lists(steps, min_size=1, max_size=2).map(tuple)
numbers = st.integers(-3, 10).map(
    lambda number: Named((ValueKey(Literal(str(number), f"{XSD}integer")),))
)
periods = st.none() | st.sampled_from(
    [Period("1995", "1995"), Period("", "2000"), Period("1990", "")]
)
leaves = (
    st.builds(
        Named, st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True).map(tuple)
    )
    | st.builds(OfType, st.sampled_from(TYPES))
    | st.builds(Having, steps)
)


def larger(sets):
    measures = (
        st.builds(Measure, paths, st.booleans(), st.none() | sets)
        | st.builds(Measure, paths, adds=st.sampled_from(("sum", "mean")))
        | st.builds(Measure, paths, since=steps)
    )
    return (
        st.builds(Follow, sets, steps, periods)
        | st.builds(Intersection, sets, sets)
        | st.builds(Union, sets, sets)
        | st.builds(Difference, sets, sets)
        | st.builds(Superlative, sets, measures, st.sampled_from(["max", "min"]), st.integers(1, 7))
        | st.builds(
            Compare, sets, measures, st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), numbers
        )
    )


sets = st.recursive(leaves, larger, max_leaves=5)
programs = (
    sets
    | st.builds(Aggregate, st.sampled_from(["count", "sum", "mean", "max", "min"]), sets)
    | st.builds(partial(Subtract), sets, sets)
    | st.builds(Within, sets, sets)
    | st.builds(Exists, sets)
)


@settings(max_examples=100)
@given(program=programs)
def test_every_program_has_a_sentence(graph, program):
    writer = SentenceWriter(graph)
    for answers in found(graph, program):
        answer = Answer(question="?", score=0.5, answers=answers, program=program)
        for code in LANGUAGES:
            sentence = writer.complete(answer, code).sentence
            assert sentence.endswith((".", "。"))
            assert "  " not in sentence
            assert " ." not in sentence
            assert not sentence[0].isspace()


def found(graph, program):
    """Yield answers that a program may have: truth values, numbers, or its nodes in the graph."""
    if isinstance(program, (Within, Exists)):
        for value in ("true", "false"):
            yield (ScoredEntity(None, value, 0.5, Literal(value, f"{XSD}boolean")),)
    elif isinstance(program, (Aggregate, Subtract)):
        for value in ("0", "1", "12345"):
            yield (ScoredEntity(None, value, 0.5, Literal(value, f"{XSD}integer")),)
    else:
        try:
            nodes = graph.evaluate(program, limit=20).nodes or ("A",)
        except QueryError:  # the program compares a date with a number
            nodes = ("A", "c, d")
        named = labels(graph, nodes)
        yield tuple(ScoredEntity.of(key, named[key], 0.5) for key in nodes)
