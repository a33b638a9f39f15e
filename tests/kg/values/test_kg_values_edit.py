"""Editing and removing facts that end in values."""

import pytest

from kg import Literal, StoreError, Triple, UnknownKeyError
from kg.values import ValueKey
from kg.vocabulary import XSD


def number(text, unit=""):
    return Literal(text, f"{XSD}integer", unit=unit)


@pytest.fixture
def nations(graph, tmp_path):
    path = tmp_path / "n.tsv"
    path.write_text(
        "France\tpopulation\t66,987,244\nMali\tpopulation\t5\n"
        "France\tcapital\tParis\nMali\tarea\t12 km²\n"
    )
    graph.load(path)
    return graph


def values(graph, head, relation):
    return [item.value for item in graph.attributes(head, relation)]


def test_a_number_that_the_graph_lacks_is_edited_in(nations):
    revision = nations.edit("France", "population", "70000000")
    assert values(nations, "France", "population") == [number("70000000")]
    assert nations.stats()["entities"] == 3
    nations.undo(revision)
    assert values(nations, "France", "population") == [number("66987244")]


def test_a_quantity_has_its_unit(nations):
    nations.edit("Mali", "area", "1,240,192 km²")
    assert values(nations, "Mali", "area") == [number("1240192", "km²")]


def test_a_value_may_be_given_as_one_and_the_old_one_as_text(nations):
    nations.edit("France", "population", Literal("about 70 million"), old="66,987,244")
    assert values(nations, "France", "population") == [Literal("about 70 million")]
    with pytest.raises(StoreError, match="'5' is not a value"):
        nations.edit("France", "population", "7", old="5")


def test_an_edit_to_the_present_value_is_refused(nations):
    with pytest.raises(StoreError, match="already"):
        nations.edit("France", "population", "66987244")


def test_a_new_entity_is_only_made_on_request(nations):
    with pytest.raises(UnknownKeyError, match="--new"):
        nations.edit("France", "capital", "Pariss")
    nations.edit("France", "capital", "Lutetia", new=True)
    assert list(nations.match("France", "capital")) == [Triple("France", "capital", "Lutetia")]


def test_an_edit_beside_numbers_that_are_entities(graph):
    graph.add([("Emma", "pages", "474"), ("Emma", "author", "Austen")])
    graph.edit("Emma", "pages", "480")
    assert list(graph.match("Emma", "pages")) == [Triple("Emma", "pages", "480")]


def test_a_fact_that_ends_in_a_value_is_removed(nations):
    five = ValueKey(number("5"))
    assert nations.remove(head="Mali", relation="population", tail=five) == 1
    assert values(nations, "Mali", "population") == []
    assert nations.remove(head="France", relation="population") == 1
    assert nations.stats()["attributes"] == 1
