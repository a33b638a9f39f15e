"""Forms of values: the right value of each text, written by hand."""

import copy
import pickle

import pytest

from kg import Literal
from kg.values import ValueKey, candidates, parse, value_text
from kg.values.node import round_decimal
from kg.vocabulary import EMAIL, VERSION, XSD


@pytest.mark.parametrize(("text", "kind", "value", "datatype", "unit"), [
    ("1984", "integer", "1984", "integer", ""),
    ("70,000,000", "integer", "70000000", "integer", ""),
    ("1 000 000", "integer", "1000000", "integer", ""),
    ("+7", "integer", "7", "integer", ""),
    ("−5", "integer", "-5", "integer", ""),
    (".5", "decimal", "0.5", "decimal", ""),
    ("1,234.50", "decimal", "1234.50", "decimal", ""),
    ("1.5e3", "decimal", "1.5e3", "double", ""),
    ("1.234,5", "decimal", "1234.5", "decimal", ""),
    ("82880 km²", "quantity", "82880", "integer", "km²"),
    ("12.5%", "quantity", "12.5", "decimal", "%"),
    ("$1,200.50", "quantity", "1200.50", "decimal", "$"),
    ("3,5 kg", "quantity", "3.5", "decimal", "kg"),
    ("2020-02-29", "date", "2020-02-29", "date", ""),
    ("2020-02-29 13:05", "date", "2020-02-29T13:05:00", "dateTime", ""),
    ("2020-02-29T13:05:01+0200", "date", "2020-02-29T13:05:01+02:00", "dateTime", ""),
    ("1999-03", "date", "1999-03", "gYearMonth", ""),
    ("29.02.2020", "date", "2020-02-29", "date", ""),
    ("3 March 1999", "date", "1999-03-03", "date", ""),
    ("March 3, 1999", "date", "1999-03-03", "date", ""),
    ("9:05", "time", "09:05:00", "time", ""),
    ("TRUE", "boolean", "true", "boolean", ""),
    ("https://pagekite.net/will", "url", "https://pagekite.net/will", "anyURI", ""),
])  # fmt: skip
def test_a_text_of_a_form_has_its_value(text, kind, value, datatype, unit):
    assert parse(text, kind) == Literal(value, f"{XSD}{datatype}", unit=unit)


@pytest.mark.parametrize("text", ["1:2.3-4", "2.0~rc1-1", "1.18.0-6ubuntu14.4+b1", "v1.2.3"])
def test_a_version_is_one(text):
    assert parse(text, "version") == Literal(text, VERSION)


def test_an_address_is_one():
    assert parse("packages@qa.example.org") == Literal("packages@qa.example.org", EMAIL)


@pytest.mark.parametrize("text", [
    "007", "00260881", "12 Monkeys", "50 Cent", "3D", ("2001: A Space"
        " Odyssey"), "1-ethyl-2-methylbenzene",
    "2020-13-01", "2021-02-29", "Paris", "-", "NO", "yes", "U2", "7 Samurai", "", "1,23,4", "٣",
])  # fmt: skip
def test_what_only_looks_like_a_value_is_a_name(text):
    assert [item for item in candidates(text) if item.datatype != VERSION] == []


def test_a_value_in_the_place_of_a_key_is_its_text_but_equals_only_itself():
    year = ValueKey(Literal("1984", f"{XSD}integer"))
    assert str(year) == "1984"
    assert year != "1984"
    assert year != "1984"
    assert len({year, "1984", ValueKey(Literal("1984", f"{XSD}integer"))}) == 2
    assert copy.deepcopy(year) == year
    assert pickle.loads(pickle.dumps(year)).literal == year.literal  # of our own bytes


@pytest.mark.parametrize(("value", "text"), [
    (Literal("70000000", f"{XSD}integer"), "70,000,000"),
    (Literal("1984", f"{XSD}integer"), "1984"),
    (Literal("-12345.60", f"{XSD}decimal"), "-12,345.60"),
    (Literal("468", f"{XSD}integer", unit="km²"), "468 km²"),
    (Literal("12", f"{XSD}integer", unit="%"), "12%"),
    (Literal("2020-02-29", f"{XSD}date"), "2020-02-29"),
    (Literal("12345"), "12345"),
])  # fmt: skip
def test_a_value_is_shown_for_people(value, text):
    assert value_text(value) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("6086.66666666667", "6086.67"),
        ("5.76666666666667", "5.77"),
        ("-0.0123456", "-0.0123"),
        ("0.00000123456", "0.00000123"),
        ("52.5200", "52.5200"),  # four decimals are shown as they are
        ("12.25", "12.25"),
    ],
)
def test_a_mean_is_shown_with_two_decimals_or_three_digits(text, shown):
    assert round_decimal(Literal(text, f"{XSD}decimal")).value == shown
    assert round_decimal(Literal(text)).value == text  # a text is no number
