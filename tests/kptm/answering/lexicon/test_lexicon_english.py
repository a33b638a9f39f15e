"""The operators of English questions, by a table written by hand."""

import pytest

from kg.programs import Period
from kptm.answering.lexicon import load

LEXICON = load()


def found(text, language="en", fill=False):
    """All matches as (kind, words, what else is said)."""
    tokens = LEXICON.tokens(text, language)
    result = []
    for match in LEXICON.matches(tokens, language):
        words = text[tokens[match.start].start : tokens[match.end - 1].end]
        if fill or match.kind != "fill":
            result.append((match.kind, words, match))
    return result


def spans(text, language="en"):
    return {(kind, words) for kind, words, _ in found(text, language)}


TABLE = {
    "how many states border Texas": {("count", "how many")},
    "how many people live in Brazil": {
        ("count", "how many"), ("ask", "how many people"), ("ask", "how many people live"),
    },
    "what is the second longest river": {
        ("ask", "what is the"), ("ordinal", "second"), ("superlative", "longest"),
    },
    "countries with more than 200 million people": {
        ("comparison", "more than"), ("number", "200 million"),
    },
    "which countries don't border Germany": {("ask", "which"), ("negation", "don't")},
    "which countries don t border Germany": {("ask", "which"), ("negation", "don t")},
    "does France border both Spain and Italy": {
        ("yesno", "does"), ("both", "both"), ("and", "and"),
    },
    "how much longer is the Nile than the Rhine": {
        ("difference", "how much longer"), ("than", "than"),
    },
    "whats Ohio's largest city": {("ask", "what"), ("whose", "'s"), ("superlative", "largest")},
    "average population of cities": {("mean", "average")},
    "films directed by Ann": {("passive", "by")},
    "who is the current king": {("ask", "who"), ("now", "current")},
    "rivers in at least two states": {("comparison", "at least"), ("number", "two")},
}  # fmt: skip


@pytest.mark.parametrize("text", TABLE)
def test_spans_of_a_question(text):
    assert spans(text) == TABLE[text]


PERIODS = {
    "who ruled in 1995": Period("1995", "1995"),
    "films of the 1990s": Period("1990", "1999"),
    "born on 4 July 1776": Period("1776-07-04", "1776-07-04"),
    "born July 4th, 1776": Period("1776-07-04", "1776-07-04"),
    "made in February 2000": Period("2000-02-01", "2000-02-29"),
    "since 2000": Period("2000", ""),
    "before 2000": Period("", "1999"),
    "after May 31, 2001": Period("2001-06-01", ""),
    "between 1990 and 2000": Period("1990", "2000"),
    "in the 19th century": Period("1801", "1900"),
    "in 44 BC": Period("-0043", "-0043"),
    "on 1995-07-04": Period("1995-07-04", "1995-07-04"),
}


@pytest.mark.parametrize("text", PERIODS)
def test_the_longest_time_is_the_period(text):
    assert next(match for kind, _, match in found(text) if kind == "time").period == PERIODS[text]


NUMBERS = {
    "200 million": 2e8,
    "two hundred": 200,
    "two hundred and fifty thousand": 250_000,
    "10k": 10_000,
    "3.5 billion": 3.5e9,
    "1,000,000": 1e6,
    "1,5": 1.5,
    "a million": 1e6,
    "twenty-one": 21,
    "200 000": 200_000,
    "three hundred million": 3e8,
    "twelve hundred": 1200,
    "-5": -5,
}


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_is_read(text):
    (match,) = [
        item
        for kind, words, item in found(text)
        if words == text and kind == "number" and not item.unit
    ]
    assert match.number == NUMBERS[text]


def test_a_number_with_its_unit():
    (match,) = [match for _, words, match in found("over 1,000 km long") if words == "1,000 km"]
    assert (match.number, match.unit) == (1000, "km")


@pytest.mark.parametrize(
    ("text", "order", "hint"),
    [
        ("largest", "max", "area"), ("biggest", "max", "area"), ("longest", "max", "length"), ("lowest", "min", "elevation"),
        ("tallest", "max", "height"), ("most populous", "max", "population"), ("first", "min", "date"), ("cheapest", "min", "price"),
    ],
)  # fmt: skip
def test_superlatives_have_an_order_and_measures(text, order, hint):
    (match,) = [match for kind, _, match in found(text) if kind == "superlative"]
    assert match.order == order
    assert hint in match.hints


def test_oldest_is_the_least_date_and_the_greatest_age():
    orders = {(match.order, match.hints[0]) for _, _, match in found("oldest")}
    assert orders == {("min", "founded"), ("max", "age")}


def test_yes_or_no_is_asked_at_the_beginning_only():
    assert ("yesno", "is") in spans("is Paris the capital of France")
    assert ("yesno", "is") not in spans("what language is spoken in France")
