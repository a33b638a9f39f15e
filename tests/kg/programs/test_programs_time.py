"""Times of facts: present facts come first, and a period selects facts by their qualifiers."""

import datetime as dt
import random

import pytest

from kg import Attribute, EntityRecord, Literal, Qualifier, Statement, Step, TimeNames, Triple
from kg.programs import Evaluator, Follow, Named, Period, Subtract
from kg.programs.arithmetic import complete_years
from kg.vocabulary import XSD


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request):
    return request.param


WIKIDATA = "http://www.wikidata.org/prop/qualifier/"
HEAD = Step("head")
NAMES = [
    ("P580", "P582"),
    (f"{WIKIDATA}P580", f"{WIKIDATA}P582"),
    ("start time", "end time"),
    ("Start_Time", "end_time"),
    ("since", "until"),
]


def dated(tail, start=None, end=None, names=NAMES[0], head="F"):
    pairs = zip(names, (start, end), strict=True)
    qualifiers = tuple(Qualifier(name, value_of(text)) for name, text in pairs if text is not None)
    return Statement(Triple(head, "head", tail), qualifiers=qualifiers)


def value_of(text):
    return Literal(text, f"{XSD}gYear" if len(text.lstrip("-")) == 4 else f"{XSD}date")


def during(graph, start, end=None):
    program = Follow(Named(("F",)), HEAD, Period(start, start if end is None else end))
    return list(graph.evaluate(program).nodes)


@pytest.mark.parametrize("names", NAMES)
def test_what_held_then(graph, names):
    graph.add([
        dated("Old", "1980", "1993-05-01", names), dated("Mid", "1993", "2001", names),
        dated("New", "2001", None, names), dated("Then", None, "1985", names),
        Triple("F", "head", "Always"),
    ])  # fmt: skip
    assert during(graph, "1995") == ["Mid", "Always"]
    assert during(graph, "1993") == ["Old", "Mid", "Always"]
    assert during(graph, "1993-06-01") == ["Mid", "Always"]
    assert during(graph, "", "1985-12-31") == ["Old", "Then", "Always"]
    assert during(graph, "2050", "") == ["New", "Always"]
    assert graph.follow("F", [HEAD]) == ["New", "Always", "Mid", "Old", "Then"]
    back = Follow(Named(("Mid",)), Step("head", forward=False), Period("1999", "1999"))
    assert graph.evaluate(back).nodes == ("F",)


def test_points_in_time_and_years_before_christ(graph):
    rows = {"100": "2001", "200": "2011", "150": "-0043"}
    graph.add(
        Statement(
            Attribute("F", "population", Literal(value)),
            qualifiers=(Qualifier("P585", value_of(year)),),
        )
        for value, year in rows.items()
    )
    people = Follow(Named(("F",)), Step("population"))
    assert graph.evaluate(people).nodes[0].literal.value == "200"  # the last one
    assert [key.literal.value for key in graph.follow("F", [Step("population")])] == [
        "200",
        "100",
        "150",
    ]
    then = Follow(people.source, people.step, Period("-0043", "-0043"))
    assert [key.literal.value for key in graph.evaluate(then).nodes] == ["150"]


def test_one_statement_with_the_qualifier_is_enough(graph):
    graph.add([dated("A", "1990", "1992")], source="one")
    graph.add([dated("A", "2000", "2002")], source="two")
    assert during(graph, "1991") == during(graph, "2001") == ["A"]
    assert during(graph, "1995") == []
    graph.forget(source="two")
    assert during(graph, "2001") == []
    graph.add([Triple("F", "head", "A")], source="three")
    assert during(graph, "2001") == ["A"]


def test_a_path_is_ordered_by_its_last_step(graph):
    graph.add(
        [
            ("X", "r", "F"),
            ("X", "r", "G"),
            dated("Old", "1980", "1990"),
            dated("Old", "1980", "1990", head="G"),
            dated("New", "1999"),
        ]
    )
    assert graph.follow("X", [Step("r"), HEAD]) == ["New", "Old"]
    before = graph.revision()
    graph.add([dated("Later", "2001", head="G")])
    assert graph.follow("X", [Step("r"), HEAD])[-1] == "Old"
    assert graph.at(before).follow("X", [Step("r"), HEAD]) == ["New", "Old"]


def test_qualifiers_by_label_and_by_configured_names(graph):
    graph.add(
        [EntityRecord(key="q1", label="start time"), EntityRecord(key="q2", label="end time")]
    )
    graph.add(
        [dated("Old", "1980", "1990", ("q1", "q2")), dated("New", "1991", "1999", ("von", "bis"))]
    )
    assert during(graph, "1985") == ["Old", "New"]  # nobody knows when New is
    german = Evaluator(graph.database, times=TimeNames(start=("von",), end=("bis",)))
    program = Follow(Named(("F",)), HEAD, Period("1995", "1995"))
    assert german.evaluate(program).nodes == ("New", "Old")
    assert graph.evaluate(program).nodes == ("New",)


def test_large_sets_are_ordered_too(graph):
    graph.add(
        [dated(f"p{n}", str(1900 + n), str(1901 + n)) for n in range(20)] + [dated("New", "1999")]
    )
    wanted = ["New", *(f"p{n}" for n in reversed(range(20)))]
    assert graph.follow("F", [HEAD]) == wanted
    for small in (0, 1, 2_000):
        evaluator = Evaluator(graph.database, small=small)
        assert list(evaluator.evaluate(Follow(Named(("F",)), HEAD)).nodes) == wanted
        assert list(evaluator.evaluate(Follow(Named(("F",)), HEAD), limit=2).nodes) == wanted[:2]


def test_complete_years_are_as_people_count_their_age():
    """Compared with counting birthdays one by one."""
    draw = random.Random(7)
    first = dt.date(1890, 1, 1)
    for _ in range(300):
        born = first + dt.timedelta(days=draw.randrange(40_000))
        later = born + dt.timedelta(days=draw.randrange(30_000))
        birthdays = sum(
            (year, born.month, born.day) <= (later.year, later.month, later.day)
            for year in range(born.year + 1, later.year + 1)
        )
        one, other = (Literal(day.isoformat(), f"{XSD}date") for day in (later, born))
        assert complete_years(one, other).value == str(birthdays)
        assert complete_years(other, one).value == str(-birthdays)
    assert complete_years(Literal("soon"), one) is None
    assert (
        complete_years(Literal("1990", f"{XSD}gYear"), Literal("1960", f"{XSD}integer")).value
        == "30"
    )


def test_a_difference_in_years_has_its_unit_and_its_facts(graph):
    days = {"born": "1921-09-30", "died": "1990-09-29"}
    graph.add(
        [Attribute("Ann", relation, Literal(day, f"{XSD}date")) for relation, day in days.items()]
    )
    died, born = (Follow(Named(("Ann",)), Step(relation)) for relation in ("died", "born"))
    age = Subtract(died, born, years=True)
    assert str(age) == "Ann.died - Ann.born in years"
    number = graph.evaluator().evaluate(age).number
    assert (number.value, number.unit) == ("68", "years")
    assert graph.evaluator().evaluate(Subtract(died, born)).number.unit == "days"
    assert len(graph.evaluator().facts(age)) == 2
