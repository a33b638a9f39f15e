"""The formats of numbers and dates in several languages."""

import pytest

from kg.types import Literal
from kg.vocabulary import XSD
from kptm.answering.sentences.languages import language

DECIMAL, DATE = f"{XSD}decimal", f"{XSD}date"


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        ("en", Literal("14229000", f"{XSD}integer"), "14,229,000"),
        ("de", Literal("14229000", f"{XSD}integer", unit="m"), "14.229.000 m"),
        ("es", Literal("1234567.5", DECIMAL), "1.234.567,5"),
        ("de", Literal("266807.0", DECIMAL), "266.807"),
        ("en", Literal("53.33068472716233", DECIMAL), "about 53.33"),
        ("de", Literal("53.33068472716233", DECIMAL), "etwa 53,33"),
        ("en", Literal("0.000123456", DECIMAL), "about 0.000123"),
        ("en", Literal("0.00000000123", DECIMAL), "0.00000000123"),
        ("en", Literal("-12.50", DECIMAL), "-12.5"),
        ("en", Literal("12.5", DECIMAL, unit="%"), "12.5%"),
        ("en", Literal("1e10", f"{XSD}double"), "1e10"),
        ("en", Literal("1,234 is text"), "1,234 is text"),
        ("de", Literal("7.11"), "7.11"),
        ("en", Literal("1912-06-23", DATE), "23 June 1912"),
        ("de", Literal("1912-06-23", DATE), "23. Juni 1912"),
        ("es", Literal("1912-06-23T00:00:00Z", f"{XSD}dateTime"), "23 de junio de 1912"),
        ("zh", Literal("1912-06-23", DATE), "1912年6月23日"),
        ("el", Literal("1912-06-23", DATE), "23 Ιουνίου 1912"),
        ("en", Literal("1912-06", f"{XSD}gYearMonth"), "June 1912"),
        ("en", Literal("1912", f"{XSD}gYear"), "1912"),
        ("en", Literal("1912-13-01", DATE), "1912-13-01"),
        ("en", Literal("-0043-03-15", DATE), "-0043-03-15"),
        ("en", Literal("1912-06-23T10:30:00", f"{XSD}dateTime"), "1912-06-23T10:30:00"),
    ],
)
def test_formats_of_values(code, value, expected):
    assert language(code).values.text(value) == expected
