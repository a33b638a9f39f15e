"""add: facts, entities and relations by hand."""

import json

import pytest
from click.testing import CliRunner

from kg import InvalidNameError, Triple
from kg.errors import UnknownKeyError
from kg.types import EntityRecord, Statement
from kptm.cli.main import main


@pytest.fixture
def ws(new_workspace, tmp_path):
    with new_workspace(tmp_path / "ws") as opened:
        opened.graph.add(
            [
                EntityRecord(key="Q142", label="France", aliases=("French Republic",)),
                EntityRecord(key="Q90", label="Paris"),
                Triple("Q142", "P36", "Q90"),
                EntityRecord(key="P36", label="capital"),
            ]
        )
        yield opened


def test_known_names_mean_their_entities(ws):
    report = ws.add([("french republic", "capital", "Lyon")])
    assert report.added == 1
    assert report.records == (Triple("Q142", "P36", "Lyon"),)
    assert (report.new_entities, report.new_relations) == (("Lyon",), ())
    assert ws.graph.revision() == report.revision
    assert ws.add([("France", "capital", "Lyon")]).revision == 0
    ws.undo()
    assert not ws.graph.entities(["Lyon"])


def test_new_relations_and_entities_are_reported(ws):
    report = ws.add(
        [Statement(Triple("France", "anthem", "La Marseillaise"), confidence=0.5),
         EntityRecord(key="Italy", aliases=("Italia",))],
        source="me",
    )  # fmt: skip
    assert report.new_entities == ("Italy", "La Marseillaise")
    assert report.new_relations == ("anthem",)
    assert ws.resolve("Italia") == "Italy"
    assert ws.graph.forget(source="me")


def test_exact_names_are_keys(ws):
    assert ws.add([("France", "capital", "Paris")], exact=True).new_entities == ("France", "Paris")


def test_a_name_that_cannot_be_stored_adds_nothing(ws):
    before = ws.graph.revision()
    for items in ([("a", "r", "b"), ("", "r", "b")], [("a", "r")], [3]):
        with pytest.raises(InvalidNameError):
            ws.add(items)
    assert ws.graph.revision() == before


def test_an_edit_to_an_unknown_entity_says_how_to_add_it(ws):
    with pytest.raises(UnknownKeyError, match="kptm add"):
        ws.edit("France", "capital", "Atlantis")


def test_add_on_the_command_line(ws):
    def run(*words):
        found = CliRunner().invoke(main, ["add", str(ws.folder), *words])
        assert found.exit_code == 0, found.output
        return found.output

    out = run("France", "capital", "Lyon")
    assert "France (Q142) — capital (P36) → Lyon" in out
    assert "new entities: Lyon" in out
    assert run("France", "capital", "Lyon") == "known already\n"
    run("Lyon", "--label", "Lyons", "--alias", "Lugdunum", "--type", "city", "--description", "d")
    entity = ws.graph.entity("Lyon")
    assert (entity.label, entity.aliases, entity.types) == ("Lyons", ("Lugdunum",), ("city",))
    run("Lyon", "population", "500000", "--unit", "people", "--confidence", "0.9", "--source", "s")
    assert [x.value.unit for x in ws.graph.attributes("Lyon")] == ["people"]
    assert json.loads(run("a", "b", "c", "--json"))["new_relations"] == ["b"]
