"""Comparisons and sorting of rows equal filtering and sorting all rows in Python."""

import random
from datetime import date
from decimal import Decimal

import pytest

from kg import QueryError
from kg.programs.arithmetic import compares
from kg.types import Attribute, Literal
from kg.values.base_quantities import quantity
from kg.vocabulary import XSD

PATTERN = [("?city", "size", "?n")]
NUMBERS = [
    "7",
    "-3",
    "0",
    "3.5",
    "3.50",
    "1e3",
    "10",
    "9007199254740993",
    "9007199254740992",
    "9007199254740993.1",
]
COMPARISONS = ("<", "<=", ">", ">=", "=", "!=")


def number(text, unit=""):
    return Literal(text, f"{XSD}decimal", unit=unit)


@pytest.fixture
def cities(graph):
    """Numbers, some with equal doubles, words, and an entity."""
    values = [number(text) for text in NUMBERS]
    graph.add([Attribute(f"c{n}", "size", value) for n, value in enumerate(values)])
    graph.add(
        [Attribute("c90", "size", Literal("large")), ("c91", "size", "c1"), ("c1", "in", "x")]
    )
    return graph, {f"c{n}": value for n, value in enumerate(values)}


@pytest.mark.parametrize("comparison", COMPARISONS)
def test_comparisons_are_exact(cities, comparison):
    graph, values = cities
    for text in [*NUMBERS, "4", "1000000"]:
        other = quantity(number(text))
        expected = {
            (key, value.value)
            for key, value in values.items()
            if compares(quantity(value), comparison, other)
        }
        for given in (text, Decimal(text), number(text)):
            assert set(graph.query(PATTERN, where=[("?n", comparison, given)])) == expected, text
    found = graph.query(PATTERN, select=["?city"], where=[("?n", ">", 3), ("?n", "<", 8.5)])
    assert set(found) == {("c0",), ("c3",), ("c4",)}
    assert list(
        graph.query([*PATTERN, ("?city", "in", "?where")], where=[("?n", comparison, 1e9)])
    ) == ([("c1", "-3", "x")] if comparison in ("<", "<=", "!=") else [])


def test_a_bare_number_has_the_commonest_unit_and_is_a_year_among_dates(graph):
    lengths = [("a", "2", "km"), ("b", "1500", "metre"), ("c", "3", "km"), ("d", "3", "kg")]
    graph.add([Attribute(key, "length", number(text, unit)) for key, text, unit in lengths])
    days = {"e": "1990-05-03", "f": "1989-12-31", "g": "2001-01-01"}
    graph.add([Attribute(key, "born", Literal(day, f"{XSD}date")) for key, day in days.items()])

    def keys(relation, *where):
        return {
            key
            for (key,) in graph.query(
                [("?k", relation, "?v")], select=["?k"], where=[("?v", *one) for one in where]
            )
        }

    assert keys("length", (">", 1.4)) == {"a", "b", "c"}
    assert keys("length", (">", "1600 m")) == {"a", "c"}
    assert keys("length", ("=", "1.5 km")) == {"b"}
    assert (
        keys("born", ("=", 1990))
        == keys("born", (">", "1990-01-01"), ("<", date(1991, 1, 1)))
        == {"e"}
    )
    assert keys("born", ("<", "1990")) == {"f"}
    assert keys("born", (">", "12 km")) == set()


@pytest.mark.parametrize("seed", range(3))
def test_rows_are_sorted(new_graph, seed):
    graph, choice = new_graph(), random.Random(seed)
    values = [number(str(choice.randint(-20, 20) / 4)) for _ in range(25)]
    values += [Literal(text) for text in ("Z", "a", "É")]
    graph.add([Attribute(f"k{n % 9}", "size", value) for n, value in enumerate(values)])
    facts = {(item.head, item.value.value) for item in graph.attributes(None, "size")}
    stored = {value.value: quantity(value) for value in values}

    def size(row, turn):
        found = stored[row[1]]
        return (0, turn * found.low, "") if found else (1, 0, row[1])

    for name, turn in (("?n", 1), ("-?n", -1)):
        rows = list(graph.query(PATTERN, order_by=name))
        assert set(rows) == facts
        assert len(rows) == len(facts)
        numbers = [row for row in rows if stored[row[1]]]
        assert rows[: len(numbers)] == numbers  # words come last
        keys = [size(row, turn) for row in numbers]
        assert keys == sorted(keys)
        words = [row[1] for row in rows[len(numbers) :]]
        assert words == sorted(words, reverse=turn < 0)
        assert (
            list(graph.query(PATTERN, order_by=[name, "?city"], limit=5))
            == list(graph.query(PATTERN, order_by=[name, "?city"]))[:5]
        )
    both = [
        (row[0], stored[row[1]].low)
        for row in graph.query(PATTERN, order_by=("?city", "-?n"))
        if stored[row[1]]
    ]
    assert both == sorted(both, key=lambda row: (row[0], -row[1]))
    past = graph.at(graph.revision())
    graph.remove(relation="size")
    assert list(past.query(PATTERN, order_by="?n", where=[("?n", ">", 0)])) != []
    assert list(graph.query(PATTERN, order_by="?n", where=[("?n", ">", 0)])) == []


def test_impossible_questions_are_errors(cities):
    graph, _ = cities
    for where, reason in (
        ([("?n", "~", 5)], "one of < <= > >= = !="),
        (["?n>5"], "a comparison is"),
        ([("?city", ">", 5)], "'?city' cannot be compared: no pattern has it as its tail"),
        ([("?x", ">", 5)], "'?x' cannot be compared"),
        ([("?n", ">", "large")], "'large' cannot be compared: it is neither a number nor a date"),
        ([("?n", ">", True)], "cannot be compared"),
    ):
        with pytest.raises(QueryError) as error:
            list(graph.query(PATTERN, where=where))
        assert reason in str(error.value)
    with pytest.raises(QueryError, match=r"cannot sort by '\?n': it is not among"):
        list(graph.query(PATTERN, select=["?city"], order_by="?n"))
