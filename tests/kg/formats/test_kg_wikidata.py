"""Wikidata's dump lines: names by language, claims with qualifiers and ranks, all values."""

import json
from datetime import date, timedelta

import pytest

from kg import TripleFormatError
from kg.formats import read_triples
from kg.formats.wikidata import gregorian
from kg.types import Attribute, EntityRecord, Literal, Qualifier, Statement, Triple
from kg.vocabulary import ALIAS, DESCRIPTION, IRI, LABEL, PRIOR, RANK

XSD = "http://www.w3.org/2001/XMLSchema#"


def snak(prop, kind, value, **more):
    return {
        "snaktype": "value",
        "property": prop,
        "datavalue": {"type": kind, "value": value},
        **more,
    }


def claim(main, rank="normal", **qualifiers):
    return {"mainsnak": main, "rank": rank, "qualifiers": qualifiers, "type": "statement"}


def item(number):
    return {"entity-type": "item", "numeric-id": number, "id": f"Q{number}"}


GREGORIAN = "http://www.wikidata.org/entity/Q1985727"
JULIAN = "http://www.wikidata.org/entity/Q1985786"


def year(value, precision=9, calendar=GREGORIAN):
    return {"time": value, "precision": precision, "timezone": 0, "calendarmodel": calendar}


DOUGLAS = {
    "type": "item",
    "id": "Q42",
    "labels": {
        "en": {"language": "en", "value": "Douglas Adams"},
        "pt-br": {"language": "pt-br", "value": "Douglas"},
    },
    "descriptions": {"en": {"language": "en", "value": "English author"}},
    "aliases": {"en": [{"language": "en", "value": "DNA"}, {"language": "en", "value": "Adams"}]},
    "claims": {
        "P31": [claim(snak("P31", "wikibase-entityid", item(5)))],
        "P69": [
            claim(
                snak("P69", "wikibase-entityid", item(691283)),
                rank="preferred",
                P580=[snak("P580", "time", year("+1971-00-00T00:00:00Z"))],
                P512=[snak("P512", "wikibase-entityid", item(1765120))],
            ),
            claim(snak("P69", "wikibase-entityid", item(4961791)), rank="deprecated"),
        ],
        "P40": [{"mainsnak": {"snaktype": "somevalue", "property": "P40"}, "rank": "normal"}],
        "P26": [{"mainsnak": {"snaktype": "novalue", "property": "P26"}, "rank": "normal"}],
    },
    "sitelinks": {"enwiki": {"title": "Douglas Adams"}, "dewiki": {"title": "Douglas Adams"}},
}
KNOWN = [
    Attribute("Q42", LABEL, Literal("Douglas Adams", language="en")),
    Attribute("Q42", LABEL, Literal("Douglas", language="pt-br")),
    Attribute("Q42", DESCRIPTION, Literal("English author", language="en")),
    Attribute("Q42", ALIAS, Literal("DNA", language="en")),
    Attribute("Q42", ALIAS, Literal("Adams", language="en")),
    Attribute("Q42", PRIOR, Literal("2", f"{XSD}integer")),
    Triple("Q42", "P31", "Q5"),
    Statement(
        Triple("Q42", "P69", "Q691283"),
        qualifiers=(
            Qualifier("P580", Literal("1971", f"{XSD}gYear")),
            Qualifier("P512", "Q1765120"),
            Qualifier(RANK, Literal("http://wikiba.se/ontology#PreferredRank", IRI)),
        ),
    ),
    Statement(
        Triple("Q42", "P69", "Q4961791"),
        confidence=0.0,
        qualifiers=(Qualifier(RANK, Literal("http://wikiba.se/ontology#DeprecatedRank", IRI)),),
    ),
]


def records(path):
    return [record for _, record in read_triples(path)]


@pytest.mark.parametrize("shape", ["[\n{}\n]\n", "[\n{},\n]\n", "{}\n", "{}"])
def test_an_entity_says_its_names_and_claims(write, shape):
    found = records(write("a.json", shape.replace("{}", json.dumps(DOUGLAS))))
    assert found == KNOWN


VALUES = [
    (snak("P1", "string", "x"), Literal("x")),
    (snak("P1", "string", "http://x", datatype="url"), Literal("http://x", f"{XSD}anyURI")),
    (snak("P1", "monolingualtext", {"text": "t", "language": "de"}), Literal("t", language="de")),
    (snak("P1", "quantity", {"amount": "+5.20", "unit": "1"}), Literal("5.20", f"{XSD}decimal")),
    (
        snak("P1", "quantity", {"amount": "-3", "unit": "http://www.wikidata.org/entity/Q11573"}),
        Literal("-3", f"{XSD}decimal", unit="Q11573"),
    ),
    (
        snak("P1", "globecoordinate", {"latitude": 48.8, "longitude": 2.3}),
        Literal("Point(2.3 48.8)", "http://www.opengis.net/ont/geosparql#wktLiteral"),
    ),
    (snak("P1", "time", year("+1952-03-11T00:00:00Z", 11)), Literal("1952-03-11", f"{XSD}date")),
    (snak("P1", "time", year("+1952-03-00T00:00:00Z", 10)), Literal("1952-03", f"{XSD}gYearMonth")),
    (snak("P1", "time", year("-0044-03-15T00:00:00Z", 11)), Literal("-0043-03-15", f"{XSD}date")),
    (snak("P1", "time", year("-0001-00-00T00:00:00Z")), Literal("0000", f"{XSD}gYear")),
    (
        snak("P1", "time", year("-0044-03-00T00:00:00Z", 10)),
        Literal("-0043-03", f"{XSD}gYearMonth"),
    ),
    (snak("P1", "time", year("+12026-03-15T00:00:00Z", 11)), Literal("12026-03-15", f"{XSD}date")),
    # A date that is less precise than it says, and a year that no calendar has.
    (snak("P1", "time", year("+1952-00-00T00:00:00Z", 11)), Literal("1952", f"{XSD}gYear")),
    (snak("P1", "time", year("+1952-03-00T00:00:00Z", 11)), Literal("1952-03", f"{XSD}gYearMonth")),
    (
        snak("P1", "time", year("+0000-01-01T00:00:00Z", 11)),
        Literal("+0000-01-01T00:00:00Z/11", "http://wikiba.se/ontology#Time"),
    ),
    # 15 March 44 BC and 4 October 1582, the last day before the calendar of Gregory XIII, of the
    # Julian calendar.
    (
        snak("P1", "time", year("-0044-03-15T00:00:00Z", 11, JULIAN)),
        Literal("-0043-03-13", f"{XSD}date"),
    ),
    (
        snak("P1", "time", year("+1582-10-04T00:00:00Z", 11, JULIAN)),
        Literal("1582-10-14", f"{XSD}date"),
    ),
    (snak("P1", "time", year("+1582-00-00T00:00:00Z", 9, JULIAN)), Literal("1582", f"{XSD}gYear")),
    (snak("P1", "time", year("-13798-00-00T00:00:00Z", 9)), Literal("-13797", f"{XSD}gYear")),
    (
        snak("P1", "time", year("+1900-00-00T00:00:00Z", 7)),
        Literal("+1900-00-00T00:00:00Z/7", "http://wikiba.se/ontology#Time"),
    ),
]


@pytest.mark.parametrize(("main", "wanted"), VALUES)
def test_values_are_those_of_wikidatas_rdf(write, main, wanted):
    path = write("a.json", json.dumps({"id": "Q1", "claims": {"P1": [claim(main)]}}))
    assert records(path) == [Attribute("Q1", "P1", wanted)]


def test_an_old_reference_without_an_id_is_understood(write):
    main = snak("P1", "wikibase-entityid", {"entity-type": "property", "numeric-id": 31})
    path = write("a.json", json.dumps({"id": "Q1", "claims": {"P1": [claim(main)]}}))
    assert records(path) == [Triple("Q1", "P1", "P31")]


def test_an_entity_without_statements_exists(write):
    line = '{"id": "Q1", "labels": [], "claims": []}'
    assert records(write("a.json", line)) == [EntityRecord(key="Q1")]


def test_a_line_with_an_error_is_not_loaded(write):
    broken = {**DOUGLAS, "claims": {"P1": [claim(snak("P1", "teleport", "x"))]}}
    path = write("a.json", f"[\n{json.dumps(broken)},\n" + '{"id": "Q1"}\n]\n')
    (number, error), (_, good) = read_triples(path)
    assert isinstance(error, TripleFormatError)
    assert (number, error.line) == (2, 2)
    assert "teleport" in str(error)
    assert good == EntityRecord(key="Q1")


def test_a_dump_is_loaded_queried_and_exported_completely(graph, write, tmp_path):
    assert graph.load(write("dump.json", json.dumps(DOUGLAS))).added == len(KNOWN)
    assert graph.entity("Q42").label == "Douglas Adams"
    assert graph.entity("Q42").prior == 2
    assert [entity.key for entity in graph.search("dna")] == ["Q42"]
    graph.export(tmp_path / "again.jsonl")
    found = set(records(tmp_path / "again.jsonl"))
    assert found == set(KNOWN)


def test_julian_days_follow_each_other_as_gregorian_ones_do():
    """On each day of 800 years, compared with Python's calendar, which is Gregorian."""
    lengths = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    wanted = date(1200, 1, 8)  # 1 January 1200 of the Julian calendar
    for year in range(1200, 2000):
        for month, length in enumerate(lengths, 1):
            for day in range(1, length + (month == 2 and year % 4 == 0) + 1):
                assert gregorian(year, month, day) == (wanted.year, wanted.month, wanted.day)
                wanted += timedelta(days=1)


def test_converted_dates_are_reported(graph, write):
    times = [
        year("+1582-10-04T00:00:00Z", 11, JULIAN),
        year("-0044-03-15T00:00:00Z", 11, JULIAN),
        year("-0044-00-00T00:00:00Z", 9, JULIAN),
        year("+1900-00-00T00:00:00Z", 9, JULIAN),
        year("+1900-01-02T00:00:00Z", 11),
    ]
    entities = [
        {"id": f"Q{n}", "claims": {"P1": [claim(snak("P1", "time", time))]}}
        for n, time in enumerate(times)
    ]
    path = write("w.json", "\n".join(map(json.dumps, entities)))
    assert graph.load(path).notes == (
        (
            "1 date before Christ written with the years of XML Schema, where 1 BC is 0000"
            " (the first: -0044-00-00 became -0043)"
        ),
        (
            "2 dates of the Julian calendar written as Gregorian ones (the first:"
            " 1582-10-04 became 1582-10-14)"
        ),
    )
    assert graph.load(write("none.json", json.dumps({"id": "Q9"}))).notes == ()
