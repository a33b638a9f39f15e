"""A table with rows of several kinds: the piers, sailings and captains of a ferry company.

The answers are computed by hand from the rows.
"""

import pytest

from kg.programs import Having, Union
from kg.types import Step
from kptm import Workspace
from kptm.answering.parsing.rows.row_kinds import find_row_kinds, kind_with

WEEKDAYS = {"S1": "Monday", "S2": "Tuesday", "S3": "Monday", "S4": "Friday", "S5": "Friday"}
PIERS = {  # floor of the car deck, number of ramps, year of opening
    "Pier 11": (1, 2, 1902), "Pier 12": (1, 4, 1951), "Pier 21": (2, 1, 1988),
    "Pier 22": (2, 3, 2004),
}  # fmt: skip
SAILINGS = {  # from, to, departure, arrival, pier, captain
    "S1": ("Aro", "Brev", "06:15", "07:40", "Pier 11", "Ida Holm"),
    "S2": ("Brev", "Aro", "09:30", "10:55", "Pier 12", "Ida Holm"),
    "S3": ("Aro", "Cant", "13:05", "15:20", "Pier 21", "Oke Lund"),
    "S4": ("Cant", "Brev", "18:45", "20:10", "Pier 22", "Tea Munk"),
    "S5": ("Brev", "Cant", "21:00", "22:15", "Pier 12", "Tea Munk"),
}
CAPTAINS = {"Ida Holm": (1975, "Aro"), "Oke Lund": (1968, "Cant"), "Tea Munk": (1990, "Brev")}

MARKS = {"Ida Holm": (81, 64, 77), "Oke Lund": (93, 58, 70), "Tea Munk": (66, 90, 59)}


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ferries")
    rows = []
    for name, (deck, ramps, opened) in PIERS.items():
        rows += [
            (name, "deck", deck),
            (name, "number of ramps", ramps),
            (name, "opened in", opened),
        ]
    for name, (start, end, departs, arrives, pier, captain) in SAILINGS.items():
        rows += [(name, "starts from", start), (name, "terminates at", end), (name, "pier", pier)]
        rows += [(name, "departure time", departs), (name, "arrival time", arrives)]
        rows += [(name, "captain", captain), (name, "weekday", WEEKDAYS[name])]
    for name, (born, home) in CAPTAINS.items():
        rows += [(name, "born in", born), (name, "home port", home)]
        for subject, mark in zip(("weather", "engines", "radio"), MARKS[name], strict=True):
            rows += [(name, f"mark in {subject}", mark)]
    (folder / "ferries.tsv").write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    with Workspace.open(folder / "ws") as opened:
        opened.load(folder / "ferries.tsv")
        yield opened


def sailings(test):
    """The sailings whose row satisfies a condition."""
    return {name for name, row in SAILINGS.items() if test(*row)}


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        # Nouns for rows of one kind, by a relation that leads to them.
        ("oldest captain", {"Oke Lund"}),
        ("which captains were born after 1970", {"Ida Holm", "Tea Munk"}),
        ("how many piers are there", {str(len(PIERS))}),
        # Times of the day.
        ("departure after 6 pm", sailings(lambda _, __, departs, *___: departs > "18:00")),
        ("what departs before 9:45", {"S1", "S2"}),
        ("what departs after midday", {"S3", "S4", "S5"}),
        ("what arrives before 8 in the morning", {"S1"}),
        ("what departs between 9:00 and 14:00", {"S2", "S3"}),
        # Ends of ways.
        ("what goes to brev", {"S1", "S4"}),
        ("everything to brev", {"S1", "S4"}),
        ("what starts from brev", {"S2", "S5"}),
        # Numbers of things, and their number as a name.
        ("how many ramps does pier 12 have", {"4"}),
        ("how many ramps does 12 have", {"4"}),
        ("piers with 3 ramps", {"Pier 22"}),
        ("how many ramps are there in total", {"10"}),
        # Ranks before the name of a relation.
        ("which piers are on the second deck", {"Pier 21", "Pier 22"}),
        ("piers on the 1st deck", {"Pier 11", "Pier 12"}),
        # Years without a word for the relation.
        ("piers from before 1960", {"Pier 11", "Pier 12"}),
        ("piers opened in 1988 or later", {"Pier 21", "Pier 22"}),
        ("average number of ramps", {"2.5"}),
        # Columns with the same head noun; the best mark is the highest.
        ("best mark in weather", {"Oke Lund"}),
        ("who got the worst mark in engines", {"Oke Lund"}),
        ("who got over 65 in radio", {"Ida Holm", "Oke Lund"}),
        # A day of the week is a day, a time of the day is none.
        ("which day is s2 on", {"Tuesday"}),
        # Of a kind without a known noun, any noun may be meant.
        ("crossings that depart before 9:45", {"S1", "S2"}),
    ],
)
def test_questions_over_rows_of_several_kinds_are_answered(ws, question, answers):
    assert {item.text for item in ws.ask(question).answers} == answers


@pytest.mark.parametrize("question", ["lighthouses from before 1960", "stewards from aro"])
def test_a_noun_that_names_no_kind_of_rows_is_not_read_as_one(ws, question):
    assert ws.ask(question).entity is None


def test_kinds_of_rows_are_told_apart_by_their_relations():
    rows = {f"room {at}": frozenset({"floor", "view", "name"}) for at in range(5)}
    rows["room 5"] = frozenset({"floor", "view"})
    rows |= {f"guest {at}": frozenset({"arrival", "room", "name"}) for at in range(4)}
    rows["stray"] = frozenset({"note"})
    rooms, guests = find_row_kinds(rows)
    assert rooms.rows == {f"room {at}" for at in range(6)}
    assert rooms.program in (Having(Step("floor")), Having(Step("view")))
    assert guests.rows == {f"guest {at}" for at in range(4)}
    assert guests.relations == {"arrival", "room", "name"}
    assert kind_with(["name", "view"], [rooms, guests]) is rooms
    assert kind_with(["name"], [rooms, guests]) is None
    assert kind_with(["other"], [rooms, guests]) is None


def test_rows_without_a_common_relation_are_denoted_by_several():
    rows = {f"a{at}": frozenset({"w", "x", "y", "z"} - {"wxyz"[at % 4]}) for at in range(8)}
    rows |= {f"b{at}": frozenset({"p", "q"}) for at in range(3)}
    kinds = find_row_kinds(rows)
    assert [len(kind.rows) for kind in kinds] == [8, 3]
    assert isinstance(kinds[0].program, Union)


def test_one_kind_of_rows_is_no_choice():
    assert find_row_kinds({"a": frozenset({"x"}), "b": frozenset({"x"})}) == []
    assert find_row_kinds({}) == []
