"""A table of projects and one of cheeses: units, what rows lack, both sides of a verb, states.

The answers are computed from the rows.
"""

import pytest

from kg import KnowledgeGraph
from kptm import Linker, Predictor

PROJECTS = {
    # name: (owner, language, started, status, users, depends on, budget)
    "Atlas": ("Priya Nair", "Go", "2018-02-12", "live", 4200, (), 310000),
    "Beacon": ("Tom Berg", "Go", "2019-06-03", "live", 3900, ("Atlas",), 185000),
    "Cinder": ("Lucia Moretti", "Python", "2020-01-20", "paused", 640, ("Atlas", "Beacon"), ""),
    "Dovetail": ("Marek Zielin", "Java", "2016-09-05", "live", 15800, ("Beacon", "Atlas"), 520000),
    "Mosaic": ("Priya Nair", "Go", "2018-10-01", "retired", 12, ("Cinder",), 90000),
}
CHEESES = {
    # name: (country, milk, months, fat, since)
    "Comte": ("France", "cow", 12, 45, 1996),
    "Parmigiano": ("Italy", "cow", 24, 32, 1996),
    "Pecorino": ("Italy", "sheep", 8, 46, 1996),
    "Gouda": ("Netherlands", "cow", 6, 48, ""),
    "Mozzarella": ("Italy", "buffalo", 0.1, 52, ""),
}

LOANS = {
    # name: (author, genre, borrower, borrowed on, due)
    "Dune": ("Frank Herbert", "science fiction", "Nora Field", "2024-01-08", "2024-01-29"),
    "Neuromancer": ("William Gibson", "science fiction", "Dev Raman", "2024-01-30", "2024-02-20"),
    "SPQR": ("Mary Beard", "history", "Grace Bar", "2024-04-02", "2024-04-23"),
    "Emma": ("Jane Austen", "romance", "Nora Field", "2024-02-05", "2024-02-26"),
    "Sapiens": ("Yuval Harari", "history", "Dev Raman", "2024-03-11", "2024-04-01"),
}


@pytest.fixture(scope="module")
def projects(table, tmp_path_factory):
    columns = ("Owner", "Language", "Started", "Status", "Users", "Depends on", "Budget (EUR)")
    return table(tmp_path_factory.mktemp("projects"), "Project", columns, PROJECTS)


@pytest.fixture(scope="module")
def cheeses(table, tmp_path_factory):
    columns = ("Country", "Milk", "Ageing (months)", "Fat %", "PDO since")
    return table(tmp_path_factory.mktemp("cheeses"), "Cheese", columns, CHEESES)


@pytest.fixture(scope="module")
def loans(table, tmp_path_factory):
    columns = ("Author", "Genre", "Borrower", "Borrowed on", "Due date")
    return table(tmp_path_factory.mktemp("loans"), "Book", columns, LOANS)


def texts(answer):
    return {item.text for item in answer.answers}


def projects_where(holds):
    return {name for name, cells in PROJECTS.items() if holds(*cells)}


def cheeses_where(holds):
    return {name for name, cells in CHEESES.items() if holds(*cells)}


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("what depends on both atlas and beacon", projects_where(lambda *x: len(x[5]) == 2)),
        ("which projects use atlas", projects_where(lambda *x: "Atlas" in x[5])),
        ("which projects dont depend on anything", projects_where(lambda *x: not x[5])),
        ("which projects depend on nothing", projects_where(lambda *x: not x[5])),
        ("which projects have no budget", projects_where(lambda *x: x[6] == "")),
        ("projects without a budget", projects_where(lambda *x: x[6] == "")),
        ("oldest project", {min(PROJECTS, key=lambda name: PROJECTS[name][2])}),
        ("second most used project", {sorted(PROJECTS, key=lambda x: -PROJECTS[x][4])[1]}),
    ],
)
def test_verbs_keep_their_sides_and_rows_may_lack_something(projects, question, expected):
    answer = projects.ask(question)
    assert texts(answer) == expected, answer.reason


@pytest.mark.parametrize("question", ["when was mosaic retired", "why was mosaic retired"])
def test_a_status_has_no_date_and_is_no_reason(projects, question):
    assert not projects.ask(question).found


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("cheeses aged at least a year", cheeses_where(lambda *x: x[2] >= 12)),
        ("cheeses aged over a year", cheeses_where(lambda *x: x[2] > 12)),
        ("italian cheeses that arent from cow milk", {"Pecorino", "Mozzarella"}),
        ("fattiest cheese", {max(CHEESES, key=lambda name: CHEESES[name][3])}),
        ("how much fatter is gouda than comte", {"3"}),
        ("which cheeses have no pdo", cheeses_where(lambda *x: x[4] == "")),
    ],
)
def test_units_of_a_column_convert_and_values_beside_its_name_are_values(
    cheeses, question, expected
):
    answer = cheeses.ask(question)
    assert texts(answer) == expected, answer.reason


def test_when_asks_for_the_date_of_the_verb_between_two_names(loans):
    assert texts(loans.ask("when did dev raman borrow neuromancer")) == {LOANS["Neuromancer"][3]}


def test_who_is_not_answered_by_the_object_of_its_verb(loans):
    assert texts(loans.ask("who reads history books")).isdisjoint(LOANS)


def test_how_many_days_is_not_answered_by_a_date(loans):
    dates = {date for *_, start, due in LOANS.values() for date in (start, due)}
    assert texts(loans.ask("how many days was emma borrowed")).isdisjoint(dates)


def test_a_number_of_years_is_none_of_months(cheeses):
    # Nothing is that old; 2 months would be another question.
    assert not cheeses.ask("cheeses aged over 2 years").found


def test_what_is_still_out_is_not_all_there_is(projects):
    assert not projects.ask("how many projects are still out").found


def loaded(folder, rows):
    """A predictor over triples of a file, in which numbers are values."""
    path = folder / "things.tsv"
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    graph = KnowledgeGraph.open(folder / "graph.db")
    graph.load(path)
    return Predictor(graph, Linker(graph))


def test_a_capital_of_camel_case_belongs_to_the_unit_in_a_name(tmp_path):
    heights = {"Etna": 3357, "Fuji": 3776, "Cotopaxi": 5897}
    asked = loaded(tmp_path, [(name, "elevationM", high) for name, high in heights.items()])
    answer = asked.ask("which are higher than 3.5 km")
    assert texts(answer) == {name for name, high in heights.items() if high > 3500}


def test_the_same_year_is_explained_by_a_relation_that_leads_to_years(tmp_path, table):
    names = ("Curie", "Jupiter", "Monet", "Marea", "Dunant", "Havfrue", "Amitie", "Grace")
    years = (2020, 2020, 2017, 2018, 2021, 2020, 2023, 2022)
    rows = {name: (year, 5000 + 7 * year) for name, year in zip(names, years, strict=True)}
    asked = table(tmp_path, "Cable", ("In service since", "Length (km)"), rows)
    expected = {name for name in names if rows[name][0] == rows["Curie"][0]} - {"Curie"}
    assert texts(asked.ask("which cables went live the same year as curie")) == expected
