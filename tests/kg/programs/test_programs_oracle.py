"""Random programs over random graphs against Python sets, on both databases.

Sets are held in Python and in SQL.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from programs_oracle import DIFFERENCES, VALUES, YEAR, Fact, Oracle, as_node

from kg import Attribute, Literal, Qualifier, Statement, Step, Triple, ValueKey
from kg.programs import (
    Aggregate,
    Compare,
    Difference,
    Evaluator,
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
    parts,
)
from kg.values.base_quantities import quantity
from kg.vocabulary import TYPE

pytestmark = pytest.mark.usefixtures("many_inputs")


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request):
    return request.param


KEYS = ("a", "b", "c", "d", "5")
LINKS, NUMBERS, TYPES = ("r", "s"), ("n", "m"), ("t", "u")
LITERALS = tuple(VALUES)

keys = st.sampled_from(KEYS)
values = st.sampled_from(LITERALS)
years = st.integers(1980, 2000)
spans = st.none() | st.tuples(years, years).map(lambda pair: (min(pair), max(pair)))
facts = st.one_of(
    st.builds(Fact, keys, st.sampled_from(LINKS), keys, spans),
    st.builds(Fact, keys, st.sampled_from(NUMBERS), values, spans),
    st.builds(Fact, keys, st.just(TYPE), st.sampled_from(TYPES).map(Literal)),
)
graphs = st.lists(
    facts, min_size=4, max_size=24, unique_by=lambda fact: (fact.head, fact.relation, fact.tail)
)

links = st.builds(Step, st.sampled_from((*LINKS, "unknown")), st.booleans())
numbers = st.builds(Step, st.sampled_from(NUMBERS))
steps = links | numbers | st.builds(Step, st.sampled_from(NUMBERS), st.just(value=False))
periods = (
    st.none()
    | st.tuples(years, years).map(lambda p: Period(str(min(p)), str(max(p))))
    | st.just(Period("1990", ""))
)
named_values = values.map(lambda value: Named((ValueKey(value),)))
named = st.lists(keys | st.just("nobody"), min_size=1, max_size=2, unique=True).map(
    lambda n: Named(tuple(n))
)
leaves = st.one_of(
    named,
    named_values,
    st.builds(OfType, st.sampled_from((*TYPES, "none"))),
    st.builds(Having, steps),
)


def measures(sets):
    paths = st.lists(links, max_size=1).flatmap(
        lambda first: numbers.map(lambda last: (*first, last))
    )
    counted = st.lists(steps, min_size=1, max_size=2).map(tuple)
    return st.builds(Measure, paths) | st.builds(
        Measure, counted, st.just(value=True), st.none() | sets
    )


def computed():
    """Sums, means, and differences of two values of a node."""
    paths = st.lists(links, max_size=1).flatmap(
        lambda first: numbers.map(lambda last: (*first, last))
    )
    adds = st.sampled_from(("sum", "mean"))
    added = st.builds(Measure, paths, adds=adds)
    return added | st.builds(Measure, st.tuples(numbers), since=numbers)


def composed(sets):
    value = named_values | st.builds(Follow, keys.map(lambda key: Named((key,))), numbers)
    return st.one_of(
        st.builds(Follow, sets, steps, periods),
        st.builds(Intersection, sets, sets),
        st.builds(Union, sets, sets),
        st.builds(Difference, sets, sets),
        st.builds(
            Superlative,
            sets,
            measures(sets) | computed(),
            st.sampled_from(("max", "min")),
            st.integers(1, 3),
            st.integers(1, 3),
        ),
        st.builds(
            Compare, sets, measures(sets), st.sampled_from(("<", "<=", ">", ">=", "=", "!=")), value
        ),
    )


sets = st.recursive(leaves, composed, max_leaves=5)
aggregates = st.builds(Aggregate, st.sampled_from(("count", "sum", "mean", "max", "min")), sets)
differences = st.builds(
    Subtract, *[named_values | st.builds(Follow, keys.map(lambda key: Named((key,))), numbers)] * 2
)
truths = st.builds(Within, sets, sets) | st.builds(Exists, sets)

SETTINGS = settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def statement(fact):
    tail = fact.tail
    stated = (
        Attribute(fact.head, fact.relation, tail)
        if isinstance(tail, Literal)
        else Triple(fact.head, fact.relation, tail)
    )
    if fact.when is None:
        return stated
    times = zip(("start time", "end time"), fact.when, strict=True)
    return Statement(
        stated,
        qualifiers=tuple(Qualifier(name, Literal(f"{year:04}", YEAR)) for name, year in times),
    )


def refilled(graph, rows):
    """The graph with other facts, which differ in each example."""
    graph.forget(source="user")
    graph.add([statement(fact) for fact in rows])
    return Oracle(rows, graph.follow)


@pytest.mark.parametrize("small", [2_000, 1, 0])
@SETTINGS
@given(graphs, st.lists(sets, min_size=8, max_size=8))
def test_sets(graph, small, rows, programs):
    oracle = refilled(graph, rows)
    evaluator = Evaluator(graph.database, small=small)
    for program in programs:
        found = evaluator.evaluate(program)
        assert len(found.nodes) == len(set(found.nodes)) == found.size
        assert set(found.nodes) == oracle.nodes(program), program


@pytest.mark.parametrize("small", [2_000, 1, 0])
@SETTINGS
@given(graphs, st.lists(aggregates | differences, min_size=8, max_size=8))
def test_numbers(graph, small, rows, programs):
    oracle = refilled(graph, rows)
    evaluator = Evaluator(graph.database, small=small)
    for program in programs:
        found, wanted = evaluator.evaluate(program).number, oracle.number(program)
        assert (found is None) == (wanted is None), program
        if wanted is None:
            continue
        dimension, size = wanted
        if isinstance(program, Aggregate) and program.function in ("max", "min"):
            assert VALUES[found][:2] == wanted, program  # as it is stated
        elif dimension in DIFFERENCES:
            assert (found.unit, found.value) == (dimension, str(size)), program
        else:
            have = quantity(found)
            assert have.dimension == dimension
            assert abs(have.low - size) <= abs(size) / 10**11, program


@pytest.mark.parametrize("small", [2_000, 1, 0])
@SETTINGS
@given(graphs, st.lists(truths, min_size=8, max_size=8))
def test_truths(graph, small, rows, programs):
    oracle = refilled(graph, rows)
    evaluator = Evaluator(graph.database, small=small)
    for program in programs:
        assert evaluator.evaluate(program).truth == oracle.truth(program), program


def counts():
    return st.builds(Measure, st.tuples(links), st.just(value=True))


plain = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Follow, inner, steps, periods),
        st.builds(Intersection, inner, inner),
        st.builds(Union, inner, inner),
        st.builds(Compare, inner, counts(), st.sampled_from((">", ">=")), named_values),
        st.builds(Superlative, inner, counts(), st.just("max")),
    ),
    max_leaves=4,
)


@pytest.mark.parametrize("small", [2_000, 1, 0])
@SETTINGS
@given(graphs, st.lists(plain, min_size=8, max_size=8))
def test_facts_are_enough(graph, small, rows, programs):
    """In a graph that has only the facts of the proof, the node is in the set too."""
    known = refilled(graph, rows).names
    evaluator = Evaluator(graph.database, small=small)
    for program in programs:
        for node in evaluator.evaluate(program).nodes:
            proof = evaluator.facts(program, node, limit=100)
            kept = [
                fact for fact in rows if (fact.head, fact.relation, as_node(fact.tail)) in proof
            ]
            assert len(proof) == len(kept) == len(set(proof)), program
            names = of_names(program, known)
            assert node in Oracle([*kept, *names], graph.follow).nodes(program), (
                program,
                node,
                proof,
            )


def of_names(program, known):
    """Facts that make the named nodes of a program exist; a proof need not contain them."""
    named = (key for part in parts(program) if isinstance(part, Named) for key in part.keys)
    return [Fact("e", "is", getattr(key, "literal", key)) for key in named if key in known]
