"""Rows in memory are loaded like a file with the same facts."""

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from kg import KnowledgeGraph, TripleFormatError
from kg.types import Attribute, Literal, Triple
from kg.vocabulary import XSD

FACTS = [("Emma", "author", "Jane Austen"), ("Persuasion", "author", "Jane Austen")]
PAGES = [("Emma", "pages", 474), ("Persuasion", "pages", 249)]


def values(graph):
    return {(item.head, item.relation, item.value) for item in graph.attributes()}


@pytest.fixture
def graph(tmp_path):
    with KnowledgeGraph.open(tmp_path / "graph.db") as opened:
        yield opened


def integer(text):
    return Literal(text, f"{XSD}integer")


def test_tuples_load_as_the_same_table_does(graph, tmp_path):
    file = tmp_path / "books.tsv"
    file.write_text("".join("\t".join(map(str, row)) + "\n" for row in [*FACTS, *PAGES]))
    report = graph.load([*FACTS, *map(list, PAGES)])
    assert (report.read, report.added) == (4, 4)
    with KnowledgeGraph.open(tmp_path / "other.db") as other:
        other.load(file)
        assert set(graph.match()) == set(other.match()) == set(map(Triple._make, FACTS))
        assert values(graph) == values(other)
        assert ("Emma", "pages", integer("474")) in values(graph)


def test_a_data_frame_loads_tall_or_wide(graph):
    graph.load(pd.DataFrame(FACTS, columns=["head", "relation", "tail"]))
    wide = pd.DataFrame(
        {"book": ["Emma", "Persuasion"], "pages": [474, 249], "sequel": [None, "x"]}
    )
    graph.load(wide, key="book")
    assert set(graph.match()) == {*map(Triple._make, FACTS), Triple("Persuasion", "sequel", "x")}
    assert values(graph) == {(head, name, integer(str(tail))) for head, name, tail in PAGES}


def test_mappings_load_as_json_lines_do(graph):
    rows = [
        {"head": "Emma", "relation": "pages", "tail": 474},
        {"head": "Emma", "relation": "read", "tail": True},
        {"head": "Emma", "relation": "price", "tail": np.float64(7.5)},
        {"head": "Emma", "relation": "weight", "tail": Decimal("0.30")},
        {"head": "Emma", "relation": "published", "tail": date(1815, 12, 23), "confidence": 0.9},
        {"head": "Emma", "relation": "author", "tail": "Jane Austen"},
        {"key": "Emma", "label": "Emma (novel)"},
    ]
    assert graph.load(iter(rows), source="shelf").added == 7
    assert values(graph) == {
        ("Emma", "pages", integer("474")),
        ("Emma", "read", Literal("true", f"{XSD}boolean")),
        ("Emma", "price", Literal("7.5", f"{XSD}double")),
        ("Emma", "weight", Literal("0.30", f"{XSD}decimal")),
        ("Emma", "published", Literal("1815-12-23", f"{XSD}date")),
    }
    assert graph.entity("Emma").label == "Emma (novel)"


def test_numbers_of_json_lines_are_values(graph, tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text(
        '["Emma", "pages", 474]\n{"head": "Emma", "relation": "mass", "value": 0.3, "unit": "kg"}\n'
    )
    graph.load(path)
    assert set(graph.attributes()) == {
        Attribute("Emma", "pages", integer("474")),
        Attribute("Emma", "mass", Literal("0.3", f"{XSD}double", unit="kg")),
    }


def test_rows_that_are_loaded_again_add(graph):
    graph.load(FACTS[:1])
    graph.load(FACTS[1:])
    assert len(list(graph.match())) == 2


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("a", "b", "c"), ("a", "b")], "the rows given, line 2: expected 3 columns"),
        ([("a", "b", "c"), "abc"], "the rows given, line 2: a row must be a tuple"),
        ([{"head": "a"}], "the rows given, line 1: expected {head"),
        ([{"head": "a", "relation": "b", "tail": float("nan")}], "1: nan is not a finite number"),
        ([{"head": "a", "relation": "b", "tail": object()}], "line 1: Object of type object"),
        (["abc"], "line 1: a row must be a tuple"),
    ],
)
def test_a_malformed_row_is_refused_and_nothing_is_loaded(graph, rows, said):
    with pytest.raises(TripleFormatError, match=said.replace("{", r"\{")):
        graph.load(rows)
    assert graph.stats()["triples"] == 0


def test_no_rows_are_no_facts(graph):
    assert graph.load([]).read == 0


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("frame", [False, True])
def test_evidence_cites_the_row(graph, wide, frame):
    """Rows are counted from 1, even if their cells have line breaks."""
    names = ["a", "b\r\nb", "c\n\nc", "d", "e"]
    rows = [{"name": name, "next": f"to {name}"} for name in names]
    if not wide:
        rows = [(row["name"], "next", row["next"]) for row in rows]
    given = (
        pd.DataFrame(rows, columns=None if wide else ["head", "relation", "tail"])
        if frame
        else rows
    )
    graph.load(given, key="name" if wide else None, source="shelf")
    facts = [Triple(name, "next", f"to {name}") for name in names]
    told = graph.attestations(facts)
    assert [told[fact].sources for fact in facts] == [
        (("shelf", number),) for number in range(1, 6)
    ]


def test_mappings_are_cited_by_row(graph):
    graph.load([{"head": "a", "relation": "r", "tail": tail} for tail in "bc"])
    told = graph.attestations([Triple("a", "r", "c")])
    assert told[Triple("a", "r", "c")].sources == (("rows", 2),)


def test_a_skipped_row_has_its_number(graph, tmp_path):
    report = graph.load(
        [("a", "r", "b\nc"), ("a", "r"), ("a", "r", "d")],
        on_error="skip",
        rejected=tmp_path / "no.jsonl",
    )
    assert [item.line for item in report.rejected] == [2]
    assert report.rejected[0].reason.startswith("the rows given, line 2: ")
