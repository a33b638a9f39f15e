"""Questions over a table of people, teams and shops with technical relation names.

The answers are computed by hand from the rows.
"""

import pytest

from kg import KnowledgeGraph
from kptm import Linker, Predictor

PEOPLE = {
    # name: (job, born, died, started, left, team, pay)
    "Ada Berg": ("Shop Manager", "1961-04-02", "", "1999-02-01", "", "Dough", 900),
    "Ben Cole": ("Support Engineer", "1984-07-20", "", "2019-03-15", "", "Ovens", 700),
    "Cleo Dahl": ("Support Engineer", "1987-01-11", "", "2019-11-01", "2021-06-30", "Ovens", 650),
    "Dan Eik": ("Miller", "1940-09-09", "2015-05-05", "1970-01-01", "2005-01-01", "Dough", 500),
    "Eva Falk": ("Field Engineer", "1992-12-01", "", "2022-04-04", "", "Ovens", 720),
}  # fmt: skip
SHOPS = {"North Shop": (1985, 2), "South Shop": (1999, 3), "West Shop": (2010, 2)}
BAKED = {"Rye": "Ada Berg", "Spelt": "Ada Berg", "Toast": "Ben Cole", "Wrap": "Ada Berg"}


@pytest.fixture(scope="module")
def asks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("office")
    rows = []
    for name, (job, born, died, started, left, team, pay) in PEOPLE.items():
        rows += [(name, "type", "employee"), (name, "jobTitle", job), (name, "dateOfBirth", born)]
        rows += [(name, "startDate", started), (name, "team", team), (name, "salary_eur", pay)]
        rows += [(name, "died", died)] if died else []
        rows += [(name, "endDate", left)] if left else []
    rows += [(name, "reports_to", "Ada Berg") for name in PEOPLE if name != "Ada Berg"]
    rows += [(team, "type", "team") for team in ("Dough", "Ovens")]
    for shop, (opened, doors) in SHOPS.items():
        rows += [(shop, "type", "shop"), (shop, "opened_in", opened), (shop, "doors", doors)]
    rows += [("Dough", "owner", "Ada Berg")]
    rows += [(bread, "baker", person) for bread, person in BAKED.items()]
    (folder / "office.tsv").write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    graph = KnowledgeGraph.open(folder / "graph.db")
    graph.load(folder / "office.tsv")
    yield Predictor(graph, Linker(graph))
    graph.close()


def those(test):
    """The people whose row satisfies a condition."""
    return {name for name, row in PEOPLE.items() if test(*row)}


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("who was born in the 80s", those(lambda job, born, *_: "198" in born)),
        ("people born in 1992", {"Eva Falk"}),
        ("who started in 2019", those(lambda j, b, d, started, *_: started[:4] == "2019")),
        ("who started after april 2019", {"Cleo Dahl", "Eva Falk"}),
        ("is dan eik dead", {"yes"}),
        ("is dan eik still alive", {"no"}),
        ("is eva falk alive", {"yes"}),
        ("is eva falk dead", {"no"}),
        ("how many support engineers are there", {"2"}),
        ("support engineers", {"Ben Cole", "Cleo Dahl"}),
        ("who are ada berg's direct reports", set(PEOPLE) - {"Ada Berg"}),
        ("what is the biggest team", {"Ovens"}),
        ("who is the highest paid", {"Ada Berg"}),
        ("newest shop", {"West Shop"}),
        ("averge salary of the support engineers", {"675"}),
        ("oldst shop", {"North Shop"}),
        ("which opened first, north shop or south shop", {"North Shop"}),
        ("which is older, west shop vs south shop", {"South Shop"}),
        ("shops with two doors", {"North Shop", "West Shop"}),
        ("which shop has 3 doors", {"South Shop"}),
        ("which shops opened in the 20th century", {"North Shop", "South Shop"}),
        ("are there teams without an owner", {"yes"}),
        ("list all bakers", set(BAKED.values())),
        ("which baker has the most breads", {"Ada Berg"}),
    ],
)
def test_questions_about_an_office_are_answered(asks, question, answers):
    found = asks.ask(question)
    assert {item.text for item in found.answers} == answers, found.explain(reading=True)


@pytest.mark.parametrize(
    "question",
    [
        "who works in team falcon",  # no team has that name
        "is north shop dead",  # only people die
        "dough or ovens",  # the words ask for nothing about the two teams
    ],
)
def test_a_question_that_the_office_table_cannot_answer_has_no_answer(asks, question):
    found = asks.ask(question)
    assert not found.answers, found.explain(reading=True)


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("is dan eik still alive", "No, Dan Eik died."),
        ("is eva falk alive", "Yes, Eva Falk has not died."),
        ("which baker has the most breads", "The baker of the most breads is Ada Berg (3)."),
        ("who was born in the 80s", "from 1980 to 1989"),
        ("people born in 1992", "is 1992"),
    ],
)
def test_the_sentence_of_an_answer_states_the_fact(asks, question, sentence):
    assert sentence in asks.ask(question).sentence
