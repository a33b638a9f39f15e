"""Questions over one table with rows of several kinds: a school's teachers, pupils and lessons.

The answers are computed by hand from the rows.
"""

import pytest

from kg import KnowledgeGraph
from kptm import Linker, Predictor

TEACHERS = {
    # name: (room, since, hourly rate in euros, takes new pupils)
    "Dr. Anna Maria Vogel": ("Room 12", "2004-09-01", 48, "yes"),
    "Peter Lund": ("Room 14", "2015-02-01", 35, "no"),
    "Mary Ann Otter": ("Room 12", "2019-08-15", 40, "yes"),
}
PUPILS = {"Kim Berg": ("2011-03-04", "Lund Hill"), "Jo Stone": ("2013-10-20", "Ferring")}
LESSONS = {
    # name: (teacher, pupil, day, minutes, cancelled)
    "L-1": ("Peter Lund", "Kim Berg", "2024-03-04", 45, "no"),
    "L-2": ("Peter Lund", "Jo Stone", "2024-03-18", 60, "yes"),
    "L-3": ("Dr. Anna Maria Vogel", "Kim Berg", "2024-04-02", 90, "no"),
}
BOOKS = {"Scales 3: Over the Hills": 210, "Scales 2": 180}


@pytest.fixture(scope="module")
def asks(tmp_path_factory):
    rows = []
    for name, (room, since, rate, new) in TEACHERS.items():
        rows += [(name, "record type", "teacher"), (name, "office", room)]
        rows += [(name, "worksHereSince", since), (name, "hourly fee (EUR)", rate)]
        rows += [(name, "acceptsNewPupils", new)]
    for room in ("Room 12", "Room 14", "Room 15"):
        rows += [
            (room, "record type", "room"),
            (room, "piano", "no" if room == "Room 15" else "yes"),
        ]
    for name, (born, town) in PUPILS.items():
        rows += [(name, "record type", "pupil"), (name, "dateOfBirth", born), (name, "town", town)]
    for name, (teacher, pupil, day, minutes, cancelled) in LESSONS.items():
        rows += [(name, "teacher", teacher), (name, "pupil", pupil), (name, "lessonDate", day)]
        rows += [(name, "duration_minutes", minutes), (name, "cancelled", cancelled)]
        rows += [(name, "start time", "09:15")]
    for name, pages in BOOKS.items():
        rows += [(name, "record type", "book"), (name, "pagesTotal", pages)]
    folder = tmp_path_factory.mktemp("school")
    (folder / "school.tsv").write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    graph = KnowledgeGraph.open(folder / "graph.db")
    graph.load(folder / "school.tsv")
    yield Predictor(graph, Linker(graph))
    graph.close()


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        # Parts of names: a title or first name with the surname, and a title before a colon.
        ("what room is dr vogel in", {"Room 12"}),
        ("office of dr. vogel", {"Room 12"}),
        ("office of mary otter", {"Room 12"}),
        ("pages of scales 3", {"210"}),
        # "Teachers" are the rows of that record type, not the tails of the relation "teacher".
        ("how many teachers are there", {"3"}),
        ("teachers in room 12", {"Dr. Anna Maria Vogel", "Mary Ann Otter"}),
        # A column that is named after its rows gives their noun: "lesson date" gives "lessons".
        ("lessons longer than 50 minutes", {"L-2", "L-3"}),
        ("how many lessons were cancelled", {"1"}),
        # Comparison signs, and two bounds of one measure.
        ("lessons with duration > 60", {"L-3"}),
        ("lessons with duration >=60 and <90", {"L-2"}),
        # All lessons are in 2024, so "march" means March 2024.
        ("lessons in march", {"L-1", "L-2"}),
        ("which lessons are after 10 march", {"L-2", "L-3"}),
        # Of many relations, the one that leads to the type that is asked for.
        ("which lesson does jo stone have", {"L-2"}),
        ("average duration of peter lund's lessons", {"52.5"}),
        # The longest duration has the earliest start.
        ("which teacher has been here the longest", {"Dr. Anna Maria Vogel"}),
        # Columns with the values yes and no.
        ("does dr vogel accept new pupils", {"yes"}),
        ("is there a piano in room 15", {"no"}),
        # The noun after "where does" is the subject, not what is asked for.
        ("where does kim berg live", {"Lund Hill"}),
        ("cheapest teacher", {"Peter Lund"}),
        ("what time does L-1 start", {"09:15"}),
    ],
)
def test_questions_about_a_school_are_answered(asks, question, answers):
    answer = asks.ask(question)
    assert {item.text for item in answer.answers} == answers, answer


@pytest.mark.parametrize(
    "question",
    [
        "pages of scales 4",  # the number belongs to the name, and there is no "Scales 4"
        "what does L-1 cost",
        "lessons in march 2023",
        "which teacher looks after kim berg and jo stone",
    ],
)
def test_a_question_that_the_school_table_cannot_answer_is_refused(asks, question):
    answer = asks.ask(question)
    assert not answer.found, answer


def test_a_date_without_a_year_is_not_completed_if_dates_span_years(tmp_path):
    (tmp_path / "trips.tsv").write_text(
        "T-1\tday\t2023-05-02\nT-2\tday\t2024-05-02\nT-1\tto\tHull\nT-2\tto\tHull\n"
    )
    with KnowledgeGraph.open(tmp_path / "graph.db") as graph:
        graph.load(tmp_path / "trips.tsv")
        answer = Predictor(graph, Linker(graph)).ask("trips to hull on 2 may")
    assert {item.text for item in answer.answers} != {"T-1"}
    assert {item.text for item in answer.answers} != {"T-2"}


def test_one_word_is_used_for_only_one_superlative(tmp_path):
    """The word "oldest" means the greatest age or the earliest date of birth, but not both."""
    rows = {"Rover": (9, "2010"), "Fido": (9, "2012"), "Rex": (4, "2008")}
    (tmp_path / "dogs.tsv").write_text(
        "".join(f"{name}\tage\t{age}\n{name}\tborn\t{born}\n" for name, (age, born) in rows.items())
    )
    with KnowledgeGraph.open(tmp_path / "graph.db") as graph:
        graph.load(tmp_path / "dogs.tsv")
        answer = Predictor(graph, Linker(graph)).ask("oldest dog")
    assert str(answer.program).count("arg") <= 1
