"""Questions over facts of several kinds of things, in which people have no noun of their own.

The answers are computed by hand from the facts.
"""

import pytest

from kg import KnowledgeGraph
from kptm import Linker, Predictor

MOONS = {
    # name: (orbits, discovered by, discovery year, radius, distance from the sun)
    "Titan": ("Saturn", "Christiaan Huygens", 1655, "2574.7 km"),
    "Rhea": ("Saturn", "Giovanni Cassini", 1672, "763.8 km"),
    "Dione": ("Saturn", "Giovanni Cassini", 1684, "561.4 km"),
    "Triton": ("Neptune", "William Lassell", 1846, "1353.4 km"),
}
PLANETS = {"Saturn": "9.58 AU", "Neptune": "30.07 AU"}
PEOPLE = {
    # name: (birth year, birth place, nationality)
    "Christiaan Huygens": (1629, "The Hague", "Dutch"),
    "Giovanni Cassini": (1625, "Perinaldo", "French"),
    "William Lassell": (1799, "Bolton", "British"),
}
LANGUAGES = {
    # name: (designed by, first released, license)
    "C": ("Dennis Ritchie", 1972, "open"),
    "C++": ("Bjarne Stroustrup", 1985, "open"),
    "Haskell": ("Simon Peyton Jones", 1990, "free"),
}


def predictor(folder, rows):
    (folder / "facts.tsv").write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    graph = KnowledgeGraph.open(folder / "graph.db")
    graph.load(folder / "facts.tsv")
    return Predictor(graph, Linker(graph))


@pytest.fixture(scope="module")
def moons(tmp_path_factory):
    rows = []
    for name, (planet, finder, year, radius) in MOONS.items():
        rows += [(name, "orbits", planet), (name, "discovered by", finder)]
        rows += [(name, "discovery year", year), (name, "mean radius", radius)]
    rows += [(name, "distance from sun", far) for name, far in PLANETS.items()]
    for name, (year, place, nation) in PEOPLE.items():
        rows += [(name, "birthYear", year), (name, "birthPlace", place)]
        rows += [(name, "nationality", nation)]
    return predictor(tmp_path_factory.mktemp("moons"), rows)


@pytest.fixture(scope="module")
def languages(tmp_path_factory):
    rows = []
    for name, (designer, year, licence) in LANGUAGES.items():
        rows += [(name, "designed by", designer), (name, "first released", year)]
        rows += [(name, "license", licence)]
    return predictor(tmp_path_factory.mktemp("languages"), rows)


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("who was born in 1799", {"William Lassell"}),
        ("when was giovanni cassini born", {"1625"}),
        ("who came from bolton", {"William Lassell"}),
        ("which astronomers are french", {"Giovanni Cassini"}),
        ("how many astronomers are dutch", {"1"}),
        ("how far is saturn from the sun", {"9.58 AU"}),
        ("what did giovanni cassini discover", {"Rhea", "Dione"}),
    ],
)
def test_questions_about_people_and_what_they_found(moons, question, answers):
    assert {item.text for item in moons.ask(question).answers} == answers


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("when did haskell come out", {"1990"}),
        ("who designed c++", {"Bjarne Stroustrup"}),
        ("who designed c", {"Dennis Ritchie"}),
    ],
)
def test_questions_about_languages(languages, question, answers):
    assert {item.text for item in languages.ask(question).answers} == answers


def test_the_longest_name_at_a_place_is_meant(languages):
    question = "who designed c++"
    named = [item for item in languages.ask(question).meanings if item.kind == "entity"]
    assert [item.means for item in named] == ["C++"]


BORN = {"Albert": "1819-08-26", "Victoria": "1819-05-24", "Edward": "1841-11-09",
        "Twin": "1819-05-24"}  # fmt: skip


@pytest.fixture(scope="module")
def born(tmp_path_factory):
    rows = [(name, "birth date", day) for name, day in BORN.items()]
    rows += [(name, "birth place", "London") for name in BORN]
    return predictor(tmp_path_factory.mktemp("born"), rows)


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("was albert born in the same year as victoria", {"yes"}),
        ("was edward born in the same year as victoria", {"no"}),
        ("who was born in the same year as victoria", {"Albert", "Twin"}),
        ("who was born on the same day as victoria", {"Twin"}),
    ],
)
def test_the_same_year_is_not_the_same_day(born, question, answers):
    assert {item.text for item in born.ask(question).answers} == answers


def test_names_in_a_question_are_not_its_answer(moons):
    found = {item.text for item in moons.ask("moons of saturn or neptune").answers}
    assert found in (set(MOONS), set())
