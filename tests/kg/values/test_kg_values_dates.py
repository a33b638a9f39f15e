"""Dates as seconds: against Python's own calendar, and those that do not exist."""

import random
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from kg.types import Literal
from kg.values.base_quantities import quantity
from kg.values.dates import seconds, span
from kg.vocabulary import XSD

DAY = 86_400
FIRST_OF_MARCH = date(1, 3, 1).toordinal() - 365
"""1 March of the year 0; the year 1 has no leap day."""


def test_days_are_those_of_pythons_calendar():
    numbers = random.Random(0).sample(range(1, date.max.toordinal()), 500)
    for number in numbers:
        text = date.fromordinal(number).isoformat()
        first = DAY * (number - FIRST_OF_MARCH)
        assert span(text, f"{XSD}date") == (first, first + DAY - 1), text


@pytest.mark.parametrize("year", [1900, 1996, 2000, 2023, 9998])
def test_months_and_years_end_where_the_next_begins(year):
    for month in range(1, 13):
        following = date(year + month // 12, month % 12 + 1, 1).isoformat()
        _, last = span(f"{year}-{month:02}", f"{XSD}gYearMonth")
        assert last + 1 == seconds(following, f"{XSD}date")
    assert span(str(year), f"{XSD}gYear")[1] + 1 == seconds(f"{year + 1}-01-01", f"{XSD}date")


def test_moments_are_those_of_python_in_any_zone():
    start = datetime(1970, 1, 1, tzinfo=UTC)
    for text in ("2024-02-29T23:59:59.5+14:00", "1999-12-31T00:00:00-03:30"):
        microseconds = (datetime.fromisoformat(text) - start) // timedelta(microseconds=1)
        wanted = Fraction(microseconds, 10**6)
        moment = seconds(text, f"{XSD}dateTime")
        assert moment - seconds("1970-01-01", f"{XSD}date") == wanted
        assert span(text, f"{XSD}dateTime") == (moment, moment)


def test_the_hour_24_is_the_end_of_a_day():
    """XML Schema 1.1, section 3.3.7."""
    next_day = seconds("2021-03-01", f"{XSD}date")
    assert seconds("2021-02-28T24:00:00", f"{XSD}dateTime") == next_day


IMPOSSIBLE = [
    ("2021-02-29", "date"), ("2021-02-30", "date"), ("1900-02-29", "date"), ("2021-04-31", "date"),
    ("2021-00-10", "date"), ("2021-13-10", "date"), ("2021-01-00", "date"), ("2021-01-32", "date"),
    ("-0001-02-29", "date"), ("12021-06-31", "date"), ("2021-13", "gYearMonth"),
    ("2021-02-30T10:00:00", "dateTime"), ("2021-02-01T99:99:99", "dateTime"),
    ("2021-02-01T24:00:01", "dateTime"), ("2021-02-01T25:00:00", "dateTime"),
    ("2021-02-01T10:60:00", "dateTime"), ("2021-02-01T10:00:60", "dateTime"),
    ("2021-02-01+14:01", "date"), ("2021-02-01-99:00", "date"), ("2021+05:60", "gYear"),
    ("99:99:99", "time"), ("24:30:00", "time"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "datatype"), IMPOSSIBLE)
def test_a_date_that_does_not_exist_has_no_place_in_time(text, datatype):
    assert quantity(Literal(text, f"{XSD}{datatype}")) is None
    assert seconds(text, f"{XSD}{datatype}") is None


def test_a_date_of_an_rdf_file_that_does_not_exist_is_stored_but_is_not_compared(graph, tmp_path):
    days = {"a": "2021-02-28", "b": "2021-02-30", "c": "2021-03-02"}
    path = tmp_path / "days.nt"
    path.write_text(
        "".join(f'<x:{key}> <x:on> "{day}"^^<{XSD}date> .\n' for key, day in days.items())
    )
    assert graph.load(path).added == 3
    assert {str(value) for _, value in graph.query([("?x", "x:on", "?d")])} == set(days.values())
    later = graph.query([("?x", "x:on", "?d")], select=["?x"], where=[("?d", ">", "2021-03-01")])
    assert set(later) == {("x:c",)}
