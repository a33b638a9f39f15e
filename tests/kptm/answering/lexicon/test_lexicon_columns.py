"""Names of columns as tables write them, and questions over a table with such names."""

import tomllib

import pytest

from kptm import Workspace
from kptm.answering.lexicon.columns.column_names import (
    ABBREVIATIONS,
    as_date,
    scale_of,
    spell_out,
    unit_of,
    without_qualifiers,
    without_unit,
)

SHIPS = {
    "Aurora": {"no_cyl": 2, "knownSisters": 3, "avgTemp_C": -20, "est_yr": 1898, "ctry": "Norway"},
    "Borealis": {"no_cyl": 4, "knownSisters": 0, "avgTemp_C": 11, "est_yr": 1915, "ctry": "Chile"},
    "Cygnus": {"no_cyl": 1, "knownSisters": 7, "avgTemp_C": -3, "est_yr": 1931, "ctry": "Norway"},
}
CREWS = {"Aurora": ["Ann", "Bo"], "Borealis": ["Cy"], "Cygnus": ["Di", "Ed", "Flo"]}


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("no_eps", "number episodes"),
        ("orig_network", "original network"),
        ("ctry", "country"),
        ("avgTemp_C", "average temperature C"),
        ("dob", "date of birth"),
        ("est_yr", "established year"),
        ("population_est", "population_est"),  # an estimate
        ("temp_max", "temperature max"),
        ("country", "country"),
        ("no", "no"),  # an answer, not a number
        ("numbers", "numbers"),
    ],
)
def test_abbreviations_are_spelt_out(name, full):
    assert spell_out(name) == full


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("hired_on", "hired date"),
        ("dateJoined", "joined date"),
        ("built at", "built date"),
        ("plays on", ""),
        ("date", ""),
        ("hired", ""),
    ],
)
def test_the_date_of_an_event_has_one_form(name, date):
    assert as_date(name) == date


@pytest.mark.parametrize(
    ("name", "plain", "scale"),
    [
        ("population in millions", "population", 1_000_000),
        ("budget_keur", "budget", 1000),
        ("sales (thousands)", "sales", 1000),
        ("revenue_2019", "revenue", 1),
        ("millions", "millions", 1),
    ],
)
def test_a_scale_is_no_part_of_the_name(name, plain, scale):
    assert without_unit(name) == plain
    assert scale_of(name) == scale
    assert not unit_of(name)


def test_an_abbreviation_stands_for_one_word():
    words = tomllib.loads(ABBREVIATIONS.read_text(encoding="utf-8"))["words"]
    all_ = [short for value in words.values() for short in value.split()]
    assert len(all_) == len(set(all_))
    assert not set(all_) & words.keys()


@pytest.mark.parametrize(
    ("name", "noun"),
    [
        ("length overall", "length"),
        ("knownMoons", "Moons"),
        ("total students", "students"),
        ("students total", "students"),
        ("max", ""),
        ("height", ""),
    ],
)
def test_qualifiers_are_removed_on_both_sides(name, noun):
    assert without_qualifiers(name) == noun


def test_a_unit_of_one_letter_is_found_only_behind_what_has_it():
    assert unit_of("average temperature C") == "C"
    assert unit_of("vitamin C") == ""


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    folder = tmp_path_factory.mktemp("columns")
    lines = [
        f"{ship}\t{column}\t{value}\n"
        for ship, row in SHIPS.items()
        for column, value in row.items()
    ]
    lines += [f"{ship}\tmainCrew\t{name}\n" for ship, names in CREWS.items() for name in names]
    (folder / "ships.tsv").write_text("".join(lines))
    with Workspace.open(folder / "ws") as opened:
        opened.load(folder / "ships.tsv")
        yield opened


def entities(answer):
    return {item.entity for item in answer.answers}


def test_columns_are_asked_for_by_full_words(ws):
    assert entities(ws.ask("which country is the Cygnus from")) == {"Norway"}
    assert ws.ask("how many cylinders does the aurora have").answers[0].value.value == "2"


def test_a_measure_is_found_by_its_full_words(ws):
    coldest = min(SHIPS, key=lambda ship: SHIPS[ship]["avgTemp_C"])
    assert entities(ws.ask("which ship is the coldest")) == {coldest}
    cold = {ship for ship, row in SHIPS.items() if row["avgTemp_C"] < -2}
    assert entities(ws.ask("ships colder than minus 2")) == cold


def test_a_number_with_a_qualifier_is_no_count(ws):
    more = {ship for ship, row in SHIPS.items() if row["knownSisters"] > 2}
    assert entities(ws.ask("ships with more than 2 sisters")) == more


def test_the_size_of_a_crew_is_its_number(ws):
    largest = max(CREWS, key=lambda ship: len(CREWS[ship]))
    assert entities(ws.ask("which ship has the biggest main crew")) == {largest}


def test_a_difference_may_have_a_name_in_its_middle(ws):
    answer = ws.ask("how many years is the aurora older than the cygnus").answers[0]
    assert answer.value.value == str(SHIPS["Cygnus"]["est_yr"] - SHIPS["Aurora"]["est_yr"])


def test_a_year_is_no_number_of_years(ws):
    answer = ws.ask("how many years did the aurora last")
    assert "1898" not in [item.text for item in answer.answers]


def test_what_is_only_a_value_lacks_no_column(ws):
    answer = ws.ask("total sisters in norway").answers
    assert [item.value.value for item in answer] == [
        str(sum(row["knownSisters"] for row in SHIPS.values() if row["ctry"] == "Norway"))
    ]


def test_values_are_added_up_together(ws):
    both = sum(SHIPS[ship]["knownSisters"] for ship in ("Aurora", "Cygnus"))
    answer = ws.ask("how many sisters do the aurora and the cygnus have together").answers
    assert [item.value.value for item in answer] == [str(both)]


def test_a_difference_of_nothing_in_particular_is_refused(ws):
    assert not ws.ask("how much more is the aurora than the cygnus").answers


@pytest.mark.parametrize(
    ("name", "plain", "unit"),
    [
        ("capacity_MW", "capacity", "MW"),
        ("energy_kWh", "energy", "kWh"),
        ("tariff p/kWh", "tariff", "p/kWh"),
        ("nitrate mg/l", "nitrate", "mg/l"),
        ("price/unit", "price/unit", ""),
        ("and/or", "and/or", ""),
    ],
)
def test_units_with_capitals_and_units_per_unit_are_removed(name, plain, unit):
    assert (without_unit(name), unit_of(name)) == (plain, unit)
