"""The operators of English questions, compared with tables written by hand."""

import pytest

from kg.programs import Period
from kptm.answering.lexicon import load
from kptm.answering.lexicon.amounts.question_numbers import clock_time

LEXICON = load()


def found(text, language="en", fill=False):
    """All matches as (kind, words, other attributes)."""
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
    "cities with between 100,000 and 2 million people": {
        ("comparison", "between"), ("number", "100,000"), ("and", "and"), ("number", "2 million"),
    },
    "films with over 3 actors and no more than two directors": {
        ("comparison", "over"), ("number", "3"), ("and", "and"), ("comparison", "no more than"),
        ("number", "two"),
    }, "who reigned over France before he died": {("ask", "who")},
    "does France border Spain or Portugal": {("yesno", "does"), ("or", "or")},
    "either Spain or France": {("either", "either"), ("or", "or")},
    "sum of the areas of all states": {("sum", "sum of"), ("all", "all")},
    "total number of rivers": {("sum", "total number of"), ("sum", "total"),
                               ("count", "number of")},
    "difference between the heights of Everest and K2": {
        ("difference", "difference between"), ("and", "and"),
    },
    "by how much is Everest higher than K2": {
        ("difference", "by how much"), ("ask", "how much is"), ("comparison", "higher than"),
    },
    "which is larger, France or Spain": {
        ("ask", "which"), ("comparison", "larger"), ("superlative", "larger"), ("or", "or"),
    },
    "countries without rivers other than France": {
        ("negation", "without"), ("negation", "other than"),
    },
    "what isn't in Europe": {("ask", "what"), ("negation", "isn't")},
    "the country whose capital is Vienna": {("whose", "whose")},
    "states the capital of which is Paris": {("whose", "of which")},
    "a city called Springfield": {("named", "called")},
    "show me rivers that don't flow through Ohio": {("list", "show me"), ("negation", "don't")},
    "what is the atomic number of iron": {("ask", "what is the")},
    "number of rivers in Peru": {("count", "number of")},
    "what is the number of rivers": {("ask", "what is the"), ("count", "the number of")},
    "was Apple founded before Microsoft": {("yesno", "was"), ("comparison", "before")},
    "how many years passed between the wars": {("difference", "how many years passed between")},
    "how many years after Puma was Adidas founded": {("difference", "how many years after")},
    "the most expensive painting": {("superlative", "most expensive")},
    "which state has the most rivers": {("ask", "which"), ("superlative", "most")},
    "the twenty-third largest city": {("ordinal", "twenty-third"), ("superlative", "largest")},
    "rivers as long as the Rhine": {("comparison", "as long as")},
    "rivers that are 100 km long": {("number", "100 km"), ("number", "100"), ("measure", "long")},
    "how much does gold weigh": {
        ("ask", "how much does"), ("ask", "how much"), ("count", "how much"),
    },
    "why is the sky blue": {("ask", "why")},
    "please is Lima in Peru": {("yesno", "is")},
    "what can you tell me about Peru": {("list", "what can you tell me about")},
    "New York's oldest bridge": {("whose", "'s"), ("superlative", "oldest")},
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
    "1990-1995": Period("1990", "1995"),
    "from 1990 to 1995": Period("1990", "1995"),
    "until June 1999": Period("", "1999-06-30"),
    "in the 90s": Period("1990", "1999"),
    "in the nineties": Period("1990", "1999"),
    "on 1995-07-04": Period("1995-07-04", "1995-07-04"),
    "on 19/09/2013": Period("2013-09-19", "2013-09-19"),
    "on 9/19/2013": Period("2013-09-19", "2013-09-19"),
    "on 04-04-2013": Period("2013-04-04", "2013-04-04"),
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
    "half a million": 500_000,
    "two and a half million": 2.5e6,
    "a dozen": 12,
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
    ("text", "number", "unit"),
    [
        ("an hour", 1, "h"), ("half an hour", 0.5, "h"), ("an hour and a half", 1.5, "h"),
        ("a euro", 1, "€"), ("minus 20", -20, ""), ("minus 3 km", -3, "km"),
        ("a minute", 1, "min"),
    ],
)  # fmt: skip
def test_an_article_before_a_unit_of_time_is_one(text, number, unit):
    found_ = [match for _, words, match in found(f"less than {text} long") if words == text]
    assert [(match.number, match.unit) for match in found_] == [(number, unit)]
    assert not [match for kind, _, match in found("goals a year") if kind == "number"]


@pytest.mark.parametrize(
    ("text", "order", "hint"),
    [
        ("largest", "max", "area"), ("biggest", "max", "area"), ("longest", "max", "length"),
        ("lowest", "min", "elevation"),
        ("tallest", "max", "height"), (("most"
            " populous"), "max", "population"), ("first", "min", "date"),
            ("cheapest", "min", "price"),
    ],
)  # fmt: skip
def test_superlatives_have_an_order_and_hints(text, order, hint):
    (match,) = [match for kind, _, match in found(text) if kind == "superlative"]
    assert match.order == order
    assert hint in match.hints


def test_oldest_is_the_least_date_and_the_greatest_age():
    orders = {(match.order, match.hints[0]) for _, _, match in found("oldest")}
    assert orders == {("min", "founded"), ("max", "age")}


def test_yes_or_no_questions_begin_with_a_verb():
    assert ("yesno", "is") in spans("is Paris the capital of France")
    assert ("yesno", "is") not in spans("what language is spoken in France")


def test_two_numbers_joined_by_and_are_not_merged():
    numbers = [match.number for kind, _, match in found("between one hundred and two hundred")]
    assert [number for number in numbers if number is not None] == [100, 200]


def test_a_number_with_a_unit_is_no_year():
    assert not any(kind == "time" for kind, _, _ in found("longer than 1000 km"))


ASKED = {
    "who": "person", "where": "place", "when": "date", "what year": "date", "how long": "value",
    "how tall": "value", "which": "any", "what": "any", "why": "reason", "how": "reason",
    "how many people": "value",
}  # fmt: skip


@pytest.mark.parametrize("text", ASKED)
def test_question_words_have_a_kind_of_answer(text):
    (answer,) = {
        match.answer for kind, words, match in found(text) if kind == "ask" and words == text
    }
    assert answer == ASKED[text]


COMPARED = {
    "more than": ">", "at least": ">=", "fewer than": "<", "at most": "<=", "exactly 3": "=",
    "older than": "<", "taller than": ">", "smaller than": "<", "younger than": ">",
    "between 3 and 5": "between", "the same as": "=", "heavier than": ">",
    "less expensive than": "<",
}  # fmt: skip


@pytest.mark.parametrize("text", COMPARED)
def test_comparisons_have_an_operator_sign(text):
    first = next(
        match for kind, _, match in found(text) if kind == "comparison" and match.hints != ("age",)
    )
    assert first.comparison == COMPARED[text]


@pytest.mark.parametrize(
    ("text", "language", "time"),
    [
        ("trains after 6 pm", "en", "18:00:00"),
        ("trains after 6pm", "en", "18:00:00"),
        ("trains before 9 a.m.", "en", "09:00:00"),
        ("trains before 7 in the morning", "en", "07:00:00"),
        ("trains at 7:30 pm", "en", "19:30:00"),
        ("trains at 19:30", "en", "19:30:00"),
        ("trains after noon", "en", "12:00:00"),
        ("trains at 12 pm", "en", "12:00:00"),
        ("trains at 12 am", "en", "00:00:00"),
        ("trains before midnight", "en", "00:00:00"),
        ("open until 10 o'clock in the evening", "en", "22:00:00"),
        ("züge nach 18 uhr", "de", "18:00:00"),
        ("züge nach 7 uhr abends", "de", "19:00:00"),
    ],
)
def test_times_of_the_day_are_read(text, language, time):
    numbers = [match for kind, _, match in found(text, language) if kind == "number"]
    longest = max(numbers, key=lambda match: match.end - match.start)
    assert clock_time(longest.number, longest.unit) == time


@pytest.mark.parametrize("text", ["a ratio of 3:2", "i am 6 feet tall", "the score was 25:61"])
def test_other_numbers_are_no_times(text):
    numbers = [match for kind, _, match in found(text) if kind == "number"]
    assert all(clock_time(match.number, match.unit) is None for match in numbers)
