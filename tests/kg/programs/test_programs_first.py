"""Programs over a small graph, each with its denotation and the facts that prove it."""

import pytest

from kg import Attribute, EntityRecord, Literal, Qualifier, Statement, Step, Triple, ValueKey
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
from kg.vocabulary import TYPE, XSD

INTEGER = f"{XSD}integer"
BORDERS, POPULATION, LENGTH = Step("borders"), Step("population"), Step("length")
STATES = OfType("state")
NEAR = Measure((BORDERS, POPULATION), adds="sum")


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request):
    return request.param


def number(value, unit=""):
    return Named((ValueKey(Literal(str(value), INTEGER, unit=unit)),))


@pytest.fixture
def states(graph):
    graph.add([EntityRecord(key=key, types=("state",)) for key in ("A", "B", "C", "D")])
    graph.add(
        [("A", "borders", "B"), ("A", "borders", "C"), ("B", "borders", "A"), ("C", "borders", "A")]
    )
    people = {"A": "900", "B": "1000", "C": "1000", "D": "20"}
    graph.add(
        [Attribute(key, "population", Literal(value, INTEGER)) for key, value in people.items()]
    )
    graph.add(
        [
            Attribute("R", "length", Literal("10", INTEGER, unit="km")),
            Attribute("S", "length", Literal("7", INTEGER, unit="mi")),
            Statement(Triple("A", "head", "Old"),
            qualifiers=(Qualifier("start time", Literal("1990", f"{XSD}gYear")),
            Qualifier("end time", Literal("1999", f"{XSD}gYear")))),
            Statement(Triple("A", "head", "New"),
            qualifiers=(Qualifier("start time", Literal("2000", f"{XSD}gYear")),)),
            Triple("A", "head", "Always"),
        ]
    )  # fmt: skip
    return graph


A = Named(("A",))
SETS = [
    (A, ["A"]),
    (STATES, ["A", "B", "C", "D"]),
    (Having(BORDERS), ["A", "B", "C"]),
    (Follow(A, BORDERS), ["B", "C"]),
    (Follow(Follow(A, BORDERS), BORDERS), []),  # a path does not come back
    (Follow(Intersection(Follow(A, BORDERS), STATES), BORDERS), ["A"]),
    (Difference(STATES, Follow(A, BORDERS)), ["A", "D"]),
    (Union(Named(("D",)), Follow(A, BORDERS)), ["B", "C", "D"]),
    (Superlative(STATES, Measure((POPULATION,)), "max"), ["B", "C"]),
    (Superlative(STATES, Measure((POPULATION,)), "max", 2), ["A"]),
    (Superlative(STATES, Measure((POPULATION,)), "max", 4), []),
    (Superlative(STATES, Measure((POPULATION,)), "max", count=3), ["B", "C", "A"]),
    (Superlative(STATES, Measure((POPULATION,)), "max", 2, 9), ["A", "D"]),
    (Superlative(STATES, Measure((BORDERS,), count=True), "max", count=2), ["A", "B", "C"]),
    (Superlative(STATES, Measure((BORDERS,), count=True), "max"), ["A"]),
    # The neighbours of A have 2000 people, those of B and C 900.
    (Superlative(STATES, NEAR, "max"), ["A"]),
    (Superlative(STATES, NEAR, "min"), ["B", "C"]),
    (Compare(STATES, NEAR, ">", number(900)), ["A"]),
    (Compare(STATES, NEAR, "<=", number(900)), ["B", "C"]),
    (Compare(STATES, Measure((BORDERS, POPULATION), adds="mean"), "=", number(1000)), ["A"]),
    (Compare(STATES, Measure((POPULATION,), since=POPULATION), "=", number(0)), list("ABCD")),
    (Superlative(STATES, Measure((BORDERS,), count=True), "min"), ["D"]),
    (Superlative(Named(("R", "S")), Measure((LENGTH,)), "max"), ["S"]),
    (Compare(STATES, Measure((POPULATION,)), ">", number(899)), ["A", "B", "C"]),
    (Compare(STATES, Measure((BORDERS,), count=True), "<", number(1)), ["D"]),
    (Compare(STATES, Measure((BORDERS,), count=True, among=Named(("C",))), "=", number(1)), ["A"]),
    (Compare(Having(LENGTH), Measure((LENGTH,)), ">", number(11_000, "m")), ["S"]),
    (Follow(A, Step("head"), Period("1995", "1995")), ["Old", "Always"]),
    (Follow(A, Step("head"), Period("2020", "")), ["New", "Always"]),
]


@pytest.mark.parametrize(("program", "wanted"), SETS, ids=str)
def test_a_set_is_what_the_facts_say(states, program, wanted):
    found = states.evaluate(program)
    assert set(found.nodes) == set(wanted)
    assert (found.size, found.number, found.truth) == (len(wanted), None, None)
    assert found.is_empty == (not wanted)


NUMBERS = [
    (Aggregate("count", STATES), "4", ""),
    (Aggregate("sum", Follow(STATES, POPULATION)), "2920", ""),  # two have the same
    (Aggregate("mean", Follow(STATES, POPULATION)), "730", ""),
    (Aggregate("max", Follow(STATES, POPULATION)), "1000", ""),
    (Aggregate("sum", Follow(Having(LENGTH), LENGTH)), "21.265408", "km"),
    (Subtract(Follow(Named(("S",)), LENGTH), Follow(Named(("R",)), LENGTH)), None, "mi"),
    (Subtract(number(3), Follow(Named(("Nobody",)), LENGTH)), None, None),
]


@pytest.mark.parametrize(("program", "wanted", "unit"), NUMBERS, ids=str)
def test_a_number_is_what_the_facts_say(states, program, wanted, unit):
    found = states.evaluate(program).number
    assert (found is None) == (unit is None)
    if found is not None:
        assert found.unit == unit
        assert wanted is None or found.value == wanted


def test_a_truth_is_what_the_facts_say(states):
    borders = Follow(A, BORDERS)
    assert states.evaluate(Within(Named(("B", "C")), borders)).truth is True
    assert states.evaluate(Within(Named(("B", "D")), borders)).truth is False
    assert states.evaluate(Within(Named(("Nobody",)), borders)).truth is False
    assert states.evaluate(Exists(Follow(Named(("D",)), BORDERS))).truth is False


def test_facts_prove_an_answer(states):
    evaluator = states.evaluator()
    largest = Superlative(Intersection(Follow(A, BORDERS), STATES), Measure((POPULATION,)), "max")
    assert evaluator.facts(largest, "C") == [
        Triple("C", "population", ValueKey(Literal("1000", INTEGER))),
        Triple("A", "borders", "C"),
        Triple("C", TYPE, ValueKey(Literal("state"))),
    ]
    assert evaluator.facts(Aggregate("count", Follow(A, BORDERS))) == [
        ("A", "borders", "B"),
        ("A", "borders", "C"),
    ]
    assert evaluator.facts(Within(Named(("B",)), Follow(A, BORDERS))) == [("A", "borders", "B")]
    assert evaluator.facts(largest, "A") == []


def test_the_relations_and_types_of_some_nodes(states):
    evaluator = states.evaluator()
    assert evaluator.steps(["A"]) == {
        Step("borders"): 2, Step("borders", forward=False): 2, Step("population"): 1,
        Step("head"): 3,
    }  # fmt: skip
    assert evaluator.types(["A", "B", "R"]) == {"state": 2}
    assert evaluator.numeric_steps(STATES) == {POPULATION: ""}
    assert evaluator.numeric_steps(["R"]) == {LENGTH: "m"}


def test_the_relations_two_steps_away(states):
    evaluator = states.evaluator()
    asked = ("population", "head", "length", "no such relation")
    for nodes in (["A"], ["R"], ["A", "D"], ["Nobody"]):
        expected = {}
        for step in evaluator.steps(nodes):
            ends = evaluator.evaluate(Follow(Named(tuple(nodes)), step)).nodes
            beyond = {on.relation for on in evaluator.steps(ends) if on.forward}
            if beyond.intersection(asked):
                expected[step] = beyond.intersection(asked)
        assert evaluator.relations_beyond(nodes, asked) == expected
    assert evaluator.relations_beyond(["A"], asked)
    assert evaluator.relations_beyond(["A"], ["no such relation"]) == {}


def test_an_edit_is_seen_at_once(states):
    count = Aggregate("count", Follow(A, BORDERS))
    before = states.revision()
    assert states.evaluate(count).number.value == "2"
    states.add([("A", "borders", "D")])
    assert states.evaluate(count).number.value == "3"
    assert states.at(before).evaluate(count).number.value == "2"
    states.undo()
    assert states.evaluate(count).number.value == "2"


def test_names_are_those_that_are_canonically_equal(graph):
    graph.add([("Dvořák", "schrieb für", "Chor")])
    program = Follow(Named(("Dvor\u030ca\u0301k",)), Step("schrieb fu\u0308r"))
    assert graph.evaluate(program).nodes == ("Chor",)


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "'; DROP TABLE triple; --", "%s", "?"])
def test_hostile_names_lead_nowhere(states, name):
    for program in (
        Named((name,)),
        Follow(A, Step(name)),
        Follow(Named((name,)), BORDERS),
        OfType(name),
    ):
        assert states.evaluate(program).nodes == ()
    assert states.evaluator().facts(Follow(Named((name,)), BORDERS)) == []
    assert states.evaluate(Follow(A, BORDERS)).size == 2
