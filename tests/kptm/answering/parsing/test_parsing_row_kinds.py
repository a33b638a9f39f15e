"""Questions over one table with rows of several kinds; the answers are computed by hand."""

import tomllib

import pytest

from kg import KnowledgeGraph
from kptm import Linker, Predictor
from kptm.answering.lexicon.columns.relation_nouns import ROW_NOUNS, row_nouns

GOODS = {
    # name: (price, days on which it is sold, allergens)
    "Blue Mug": (7.5, ("Monday", "Friday"), ("lead",)),
    "Oak Bowl": (31.0, ("Friday",), ("tannin",)),
    "Tin Spoon": (2.0, ("Monday", "Tuesday"), ("nickel", "lead")),
    "Felt Mat": (12.0, ("Tuesday",), ("wool",)),
}
PEOPLE = {
    # name: (job, hired on, hourly wage)
    "Clara Jensen": ("potter", "2011-02-01", 24),
    "Hugo Bianchi": ("clerk", "2020-09-15", 15),
}
ORDERS = {"PO-301": ("Harbour Inn", "Blue Mug", "2009-05-01"),
          "PO-302": ("Harbour Inn", "Tin Spoon", "2021-01-10")}  # fmt: skip
GUESTS = {"Harbour Inn": "2008-03-03", "Moor House": "2019-12-01"}


@pytest.fixture(scope="module")
def asks(tmp_path_factory):
    rows = []
    for name, (price, days, allergens) in GOODS.items():
        rows += [(name, "unitPrice_EUR", price)]
        rows += [(name, "avail_day", day) for day in days]
        rows += [(name, "allergenInfo", one) for one in allergens]
    for name, (job, day, wage) in PEOPLE.items():
        rows += [(name, "job", job), (name, "hired_on", day), (name, "hrly_wage", wage)]
    for number, (by, item, day) in ORDERS.items():
        rows += [(number, "orderedBy", by), (number, "item", item), (number, "startDate", day)]
    rows += [(name, "customer_since", day) for name, day in GUESTS.items()]
    folder = tmp_path_factory.mktemp("kinds")
    (folder / "all.tsv").write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    graph = KnowledgeGraph.open(folder / "graph.db")
    graph.load(folder / "all.tsv")
    yield Predictor(graph, Linker(graph))
    graph.close()


CARS = {
    # name: (make, model, fuel, price, kilometres, accident free, sold in thousands)
    "K1": ("Dacia", "Spring", "electric", 9900, 41000, "TRUE", 120.5),
    "K2": ("Skoda", "Fabia", "petrol", 7400, 88000, "FALSE", 2100),
    "K3": ("Skoda", "Enyaq", "electric", 28500, 12000, "TRUE", 310),
}
PEAKS = {"Mount St. Agnes": 2100, "Fort Lorne": 90, "Silver Fox": 3}


@pytest.fixture(scope="module")
def offers(tmp_path_factory):
    rows = []
    for name, (make, model, fuel, price, km, free, sold) in CARS.items():
        rows += [(name, "make", make), (name, "model", model), (name, "fuel", fuel)]
        rows += [(name, "priceEur", price), (name, "mileageKm", km)]
        rows += [(name, "accident free car", free), (name, "sold in thousands", sold)]
    rows += [(name, "height", height) for name, height in PEAKS.items()]
    folder = tmp_path_factory.mktemp("cars")
    (folder / "cars.tsv").write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    graph = KnowledgeGraph.open(folder / "graph.db")
    graph.load(folder / "cars.tsv")
    yield Predictor(graph, Linker(graph))
    graph.close()


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("what fuel does the fabia use", {"petrol"}),  # a value stands for the row that has it
        ("cheapest electric one", {"K1"}),
        ("how many accident free cars are there", {"2"}),  # a yes-or-no column as a noun
        ("is k2 an accident free car", {"no"}),
        ("which cars sold more than a million", {"K2"}),  # a scale in the name of the column
        ("height of mt st agnes", {"2100"}),  # words of names are abbreviated
        ("how high is ft lorne", {"90"}),
        ("height of silver foxes", {"3"}),
    ],
)
def test_questions_about_offers(offers, question, answers):
    answer = offers.ask(question)
    assert {item.text for item in answer.answers} == answers, answer.reason


def test_a_property_that_rows_lack_is_not_read_into_the_value(offers):
    assert not offers.ask("what is the warranty of the fabia").answers


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("how many products are there on mondays", {"2"}),
        ("whats without lead", {"Oak Bowl", "Felt Mat"}),
        ("anything over 10 euros", {"Oak Bowl", "Felt Mat"}),
        ("what is the cheapest thing we sell", {"Tin Spoon"}),
        ("our newest customer", {"Moor House"}),
        ("how many colleagues are there", {"2"}),
    ],
)
def test_questions_about_one_kind_of_rows(asks, question, answers):
    answer = asks.ask(question)
    assert {item.text for item in answer.answers} == answers, answer.reason


def test_the_number_of_an_order_is_nobody(asks):
    """Of all dates the first one is that of an order."""
    answer = asks.ask("who started first")
    assert not {item.text for item in answer.answers} & set(ORDERS)


def test_columns_match_by_their_last_words():
    names = {"hourly wage": "hrly_wage", "platform number": "pl_no", "wagering": "w"}
    found = dict(row_nouns(names))
    assert found["employee"] == ["hrly_wage"]
    assert found["train"] == ["pl_no"]
    assert "wage" not in found
    assert dict(row_nouns({"old platform number": "x"})).get("train") is None


def test_the_file_of_nouns_is_read_as_it_is_described():
    rows = tomllib.loads(ROW_NOUNS.read_text(encoding="utf-8"))["rows"]
    for nouns, columns in rows.items():
        listed = columns.split(", ")
        assert len(set(listed)) == len(listed), nouns
        assert all(name == name.lower().strip() for name in (*nouns.split(", "), *listed)), nouns
