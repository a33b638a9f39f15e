"""Tables whose rows stand for people: plots with tenants, films with directors, pets with owners.

The answers are computed by hand from the rows.
"""

import pytest

PLOTS = {
    # name: (tenant, since, size, crops, rent, paid, helper)
    "1A": ("Anna Keller", 1998, 125, ("leeks", "potatoes"), "£32.50", "yes", ""),
    "1B": ("Peter Hall", 2011, 125, ("chard",), "£31.50", "no", "Ruth Gray"),
    "6": ("Frank Stone", 1991, 260, ("leeks", "parsnips"), "£60.00", "yes", ""),
    "9A": ("Maria Lopez", 2021, 90, ("dill", "potatoes"), "£20.00", "no", "Frank Stone"),
    "9B": ("Oscar Bell", 2004, 80, ("dill",), "£19.00", "yes", ""),
}
FILMS = {
    # name: (directed by, made in, minutes, guests, date)
    "Glass": ("Jun Mori", "Sweden", 101, ("Lena Frost",), "2026-10-09"),
    "Slow Ferry": ("Lena Frost", "Japan", 131, ("Lena Frost", "Paul Reed"), "2026-10-10"),
    "Zinc": ("Lena Frost", "Chile", 88, (), "2026-10-11"),
}
PETS = {
    # name: (species, owner, weight, age)
    "Toffee": ("hamster", "Ana Ruiz", 0.1, 2),
    "Hector": ("goat", "Karl Berg", 61, 5),
    "Heidi": ("goat", "Karl Berg", 64, 9),
    "Rex": ("dog", "Ana Ruiz", 30, 12),
}


@pytest.fixture(scope="module")
def plots(table, tmp_path_factory):
    columns = ("Tenant", "Since", "Size (m²)", "Growing", "Annual rent", "Paid", "Helper")
    return table(tmp_path_factory.mktemp("plots"), "Plot", columns, PLOTS)


@pytest.fixture(scope="module")
def films(table, tmp_path_factory):
    columns = ("Directed by", "Made in", "Mins", "Guests", "Date")
    return table(tmp_path_factory.mktemp("films"), "Film", columns, FILMS)


@pytest.fixture(scope="module")
def pets(table, tmp_path_factory):
    columns = ("Species", "Owner", "Weight (kg)", "Age")
    return table(tmp_path_factory.mktemp("pets"), "Patient", columns, PETS)


def texts(predictor, question):
    return {item.text for item in predictor.ask(question).answers}


def tenants(test):
    return {row[0] for row in PLOTS.values() if test(row)}


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("who grows potatoes", tenants(lambda row: "potatoes" in row[3])),
        ("how many people grow dill", {str(len(tenants(lambda row: "dill" in row[3])))}),
        ("who has plot 6", {PLOTS["6"][0]}),
        ("whose plot is 9a", {PLOTS["9A"][0]}),
        ("who has been here longest", {min(PLOTS.values(), key=lambda row: row[1])[0]}),
        ("what does frank stone grow", set(PLOTS["6"][3])),
        ("which plots have leeks", {name for name, row in PLOTS.items() if "leeks" in row[3]}),
    ],
)
def test_who_asks_for_the_people_of_rows(plots, question, answers):
    assert texts(plots, question) == answers


def test_equal_values_of_two_names_are_both_counted(plots):
    assert texts(plots, "combined area of 1A and 1B") == {str(PLOTS["1A"][2] + PLOTS["1B"][2])}


@pytest.mark.parametrize(
    ("question", "answer"), [("is 9b cheaper than 9a", "yes"), ("is 9a cheaper than 9b", "no")]
)
def test_a_name_with_a_digit_is_no_number(plots, question, answer):
    assert texts(plots, question) == {answer}


def test_a_rent_is_paid_each_year(plots):
    assert texts(plots, "what does 9B cost a year") == {"19.00 £"}


def test_runners_who_have_coached_are_people_themselves(tmp_path, table):
    rows = {
        "Anna Keller": ("Harriers", 61, ""),
        "Tom Aldous": ("Harriers", 35, "Anna Keller"),
        "Xi Qo": ("Joggers", 64, "Tom Aldous"),
        "Bo Ek": ("Joggers", 22, "Anna Keller"),
    }
    runners = table(tmp_path, "Runner", ("Team", "Age", "Coach"), rows)
    assert texts(runners, "who is in the joggers") == {"Xi Qo", "Bo Ek"}
    assert texts(runners, "runners over 60") == {"Anna Keller", "Xi Qo"}


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("films by lena frost", {name for name, row in FILMS.items() if row[0] == "Lena Frost"}),
        ("who made glass", {"Jun Mori"}),
        ("guests at slow ferry", {"Lena Frost", "Paul Reed"}),
        ("longest film", {max(FILMS, key=lambda name: FILMS[name][2])}),
        ("shortest one", {min(FILMS, key=lambda name: FILMS[name][2])}),
        ("is zinc longer than glass", {"no"}),
        ("second longest film of the festival", {"Glass"}),
        ("when was glass first shown", {"2026-10-09"}),
    ],
)
def test_columns_named_by_units_and_plural_nouns(films, question, answers):
    assert texts(films, question) == answers


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("whose hamster is toffee", {"Ana Ruiz"}),
        ("mean weight of the two goats", {"62.5"}),
        ("age of rex", {"12"}),
    ],
)
def test_words_that_describe_a_name_or_count_a_set_are_explained(pets, question, answers):
    assert texts(pets, question) == answers


def test_the_size_of_another_set_is_not_explained(pets):
    wrong, right = pets.ask("mean weight of the three goats"), pets.ask("mean weight of the goats")
    assert wrong.score < right.score


def test_members_of_a_project_are_not_its_owner(tmp_path, table):
    rows = {
        "Anna Keller": ("", "Kestrel", ""),
        "Peter Hall": ("Anna Keller", "Kestrel", ""),
        "Ruth Gray": ("Anna Keller", "Kestrel", ""),
        "Kestrel": ("", "", "Anna Keller"),
        "Bittern": ("", "", "Oscar Bell"),
    }
    staff = table(tmp_path, "Name", ("Reports to", "Project", "Owner"), rows)
    assert texts(staff, "how many people does anna keller manage") == {"2"}
    assert "Oscar Bell" not in texts(staff, "who is on kestrel or bittern")
