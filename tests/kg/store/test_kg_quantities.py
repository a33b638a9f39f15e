"""The tables of quantities and measures agree with values and triples after any kind of load."""

import alembic.command
import pytest

from kg import Attribute, Literal, Qualifier, Statement
from kg.sql.migrate import alembic_config
from kg.vocabulary import XSD

INTEGER = f"{XSD}integer"
VALUES = ("5", "-7", str(10**400), "1.5e3", "n/a")


def rows(graph):
    """(value, relation, dimension, low, high) of all rows."""
    with graph.database.quick() as sql:
        sizes = sql.all(
            "SELECT l.value, l.unit, q.dimension, q.low, q.high FROM quantity q LEFT"
            " JOIN literal l ON l.id = q.literal_id"
        )
        measures = sql.all(
            "SELECT h.key, r.key, l.value, m.dimension, m.low, m.high FROM measure m"
            " LEFT JOIN triple x ON x.id = m.triple_id AND x.relation_id = m.relation_id"
            " LEFT JOIN relation r ON r.id = x.relation_id"
            " LEFT JOIN entity h ON h.id = x.head_id LEFT JOIN literal l ON l.id = x.tail_id"
        )
    return sorted(map(str, sizes)), sorted(map(str, measures))


@pytest.fixture
def filled(graph, tmp_path):
    """Facts from a table, from JSON Lines, by hand, and in a qualifier."""
    people = "".join(f"c{number}\tpopulation\t{number % 7 * 100}\n" for number in range(40))
    (tmp_path / "people.tsv").write_text(people)
    graph.load(tmp_path / "people.tsv")
    graph.add([Attribute("a", "size", Literal(value, f"{XSD}double")) for value in VALUES])
    graph.add(
        [
            Attribute("a", "length", Literal("2", INTEGER, unit="km")),
            Attribute("a", "born", Literal("1990", f"{XSD}gYear")),
        ]
    )
    qualifiers = (Qualifier("since", Literal("1999", f"{XSD}gYear")),)
    graph.add([Statement(Attribute("a", "seats", Literal("12", INTEGER)), qualifiers=qualifiers)])
    graph.remove(head="c3")
    graph.add([("c3", "r", "c4"), Attribute("c3", "population", Literal("300", INTEGER))])
    return graph


def test_each_quantity_is_listed_once(filled):
    sizes, measures = rows(filled)
    facts = [item for item in filled.attributes() if item.value.value != "n/a"]
    assert len(measures) == len(facts) == 47
    assert len(sizes) == len({item.value for item in facts}) + 1  # the qualifier's
    assert str(("2", "km", "m", 2000.0, 2000.0)) in sizes
    assert str(("c3", "population", "300", "", 300.0, 300.0)) in measures


def test_an_upgraded_database_lists_its_quantities(filled, new_place):
    wanted = rows(filled)
    with filled.database.write() as connection:
        alembic.command.downgrade(alembic_config(connection), "0007")
    with filled.database.write() as connection:
        alembic.command.upgrade(alembic_config(connection), "head")
    assert rows(filled) == wanted


def test_a_purge_leaves_nothing(filled):
    filled.purge(entity="a")
    sizes, measures = rows(filled)
    assert len(measures) == 40
    assert not any(text.startswith("(None") for text in (*sizes, *measures))
    assert not any("1990" in text or "km" in text for text in sizes)


def test_numbers_beyond_doubles_are_the_greatest(graph):
    graph.add(
        [Attribute("a", "n", Literal(value, INTEGER)) for value in ("9" * 400, "-" + "9" * 400)]
    )
    _, measures = rows(graph)
    assert all("e+308" in text for text in measures)
