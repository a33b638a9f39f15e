"""SPARQL that RDFLib alone cannot evaluate: EXISTS as a value, dates of any year, odd sums."""

import pytest

from kg import Attribute, Literal, QueryError

X = "http://www.w3.org/2001/XMLSchema#"
DATES = {"ancient": "-0100-01-01", "caesar": "-0043-03-15", "zero": "0000-06-01",
    "middle": "0500-06-01",
         "now": "2020-01-01", "far": "12000-01-01"}  # fmt: skip


@pytest.fixture
def values(graph):
    graph.add([("a", "r", "b")])
    numbers = {"a": "400.000", "b": "5", "c": "7"}  # the first is no integer
    graph.add(Attribute(key, "n", Literal(text, f"{X}integer")) for key, text in numbers.items())
    graph.add(Attribute(key, "d", Literal(text, f"{X}date")) for key, text in DATES.items())
    return graph


def rows(graph, query):
    return [tuple(getattr(cell, "value", cell) for cell in row) for row in graph.sparql(query)]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("SELECT (EXISTS { ?s key:r ?o } AS ?x) {}", [("true",)]),
        ("SELECT (NOT EXISTS { ?s key:q ?o } AS ?x) {}", [("true",)]),
        ("SELECT ?s (EXISTS { ?s key:r ?o FILTER(?o = key:b) } AS ?x) { ?s key:n ?z } ORDER BY ?s",
         [("a", "true"), ("b", "false"), ("c", "false")]),
        ("SELECT ?s (IF(EXISTS { ?s key:r ?o }, 1, 2) AS ?x) { ?s key:n ?z } ORDER BY ?s",
         [("a", "1"), ("b", "2"), ("c", "2")]),
        (("SELECT ?s { ?s key:n ?z }"
            " ORDER BY DESC(EXISTS { ?s key:r ?o }) ?s"), [("a",), ("b",), ("c",)]),
        (("SELECT ?s { ?s key:n ?z FILTER NOT EXISTS { ?s key:r ?o FILTER(?o = key:b) } }"
            " ORDER BY ?s"),
         [("b",), ("c",)]),
    ],
)  # fmt: skip
def test_exists_is_a_value(values, query, wanted):
    assert rows(values, query) == wanted


def test_exists_in_having_is_refused_with_a_way_out(values):
    with pytest.raises(QueryError, match="put it in a FILTER"):
        values.sparql("SELECT ?s { ?s ?p ?o } GROUP BY ?s HAVING (EXISTS { ?s key:r ?q })")


def test_dates_are_in_the_order_of_time(values):
    query = "SELECT ?x { ?x key:d ?d } ORDER BY "
    assert [row[0] for row in rows(values, query + "?d")] == list(DATES)
    assert [row[0] for row in rows(values, query + "DESC(?d)")] == list(DATES)[::-1]
    assert rows(values, "SELECT (MIN(?d) AS ?a) (MAX(?d) AS ?b) { ?x key:d ?d }") == [
        ("-0100-01-01", "12000-01-01")
    ]


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ('?d < "0001-01-01"^^xsd:date', {"ancient", "caesar", "zero"}),
        ('"9999-12-31"^^xsd:date < ?d', {"far"}),
        ('?d >= "-0050-01-01"^^xsd:date && ?d <= "0000-06-01"^^xsd:date', {"caesar", "zero"}),
        ('?d = "-0043-03-15Z"^^xsd:date', {"caesar"}),
        ('?d != "12000-01-01"^^xsd:date', set(DATES) - {"far"}),
    ],
)
def test_dates_of_any_year_are_compared(values, condition, wanted):
    assert {
        row[0] for row in rows(values, f"SELECT ?x {{ ?x key:d ?d FILTER({condition}) }}")
    } == wanted


def test_sums_leave_out_values_that_are_no_numbers(values):
    assert rows(values, "SELECT (SUM(?n) AS ?s) (AVG(?n) AS ?a) { ?x key:n ?n }") == [("12", "6")]


def test_a_query_that_fails_is_one_line(values):
    with pytest.raises(QueryError, match="the query fails") as caught:
        values.sparql("SELECT (REPLACE('a', '(', 'b') AS ?x) {}")
    assert "\n" not in str(caught.value)
