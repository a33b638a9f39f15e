"""Questions over people's own tables, in everyday words that no column has."""

import pytest

from kptm import Workspace

GOODS = {
    "Shortbread": {"supplier": "Hartley Bakes", "shelf life": 60, "storage location": "Aisle 3"},
    "Goat Cheese": {"supplier": "Penrose Farm", "shelf life": 21, "storage location": "Cold room"},
    "Duck Eggs": {"supplier": "Penrose Farm", "shelf life": 28, "storage location": "Cold room"},
}
STAFF = {
    "Pete Osborne": {
        "role": "Buyer",
        "hourly rate": 18.5,
        "start date": "2014-03-01",
        "desk": "B4",
    },
    "Ines Falk": {"role": "Head", "hourly rate": 31, "start date": "2009-09-15", "desk": "B1"},
    "Tom Adeyemi": {
        "role": "Driver",
        "hourly rate": 14.2,
        "start date": "2021-06-20",
        "desk": "C2",
    },
}


def table(folder, name, rows):
    columns = list(next(iter(rows.values())))
    lines = [["name", *columns], *([row, *map(str, rows[row].values())] for row in rows)]
    file = folder / name
    file.write_text("".join(",".join(line) + "\n" for line in lines), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    with Workspace.open(folder / "ws") as opened:
        opened.load(table(folder, "goods.csv", GOODS), key="name")
        yield opened


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    folder = tmp_path_factory.mktemp("office")
    with Workspace.open(folder / "ws") as opened:
        opened.load(table(folder, "staff.csv", STAFF), key="name")
        yield opened


def texts(answer):
    return {item.text for item in answer.answers}


@pytest.mark.parametrize(
    ("question", "name", "column"),
    [
        ("how long does shortbread keep", "Shortbread", "shelf life"),
        ("where do we get our duck eggs from", "Duck Eggs", "supplier"),
        ("who supplies the goat cheese", "Goat Cheese", "supplier"),
        ("where is the goat cheese kept", "Goat Cheese", "storage location"),
    ],
)
def test_a_column_of_goods_is_found_by_everyday_words(shop, question, name, column):
    assert texts(shop.ask(question)) == {str(GOODS[name][column])}


def test_what_is_bought_from_a_supplier_are_its_goods(shop):
    farm = {name for name, row in GOODS.items() if row["supplier"] == "Penrose Farm"}
    assert texts(shop.ask("what do we buy from Penrose Farm")) == farm


@pytest.mark.parametrize(
    ("question", "name", "column"),
    [
        ("what is Pete Osborne's job", "Pete Osborne", "role"),
        ("where does Ines Falk sit", "Ines Falk", "desk"),
        ("what does Tom Adeyemi earn", "Tom Adeyemi", "hourly rate"),
    ],
)
def test_a_column_of_staff_is_found_by_everyday_words(office, question, name, column):
    assert texts(office.ask(question)) == {str(STAFF[name][column])}


def test_the_least_earned_is_the_lowest_rate(office):
    assert texts(office.ask("who earns least")) == {
        min(STAFF, key=lambda name: STAFF[name]["hourly rate"])
    }


def test_who_has_worked_longest_started_first(office):
    assert texts(office.ask("who has been working here the longest")) == {
        min(STAFF, key=lambda name: STAFF[name]["start date"])
    }
