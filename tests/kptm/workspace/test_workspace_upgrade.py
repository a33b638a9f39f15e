"""A workspace that kptm 0.1.0 wrote is opened as it was; what is expected is what 0.1.0 said of it.

``workspace_0_1.sql`` is its database as SQL, ``workspace_0_1.toml`` its settings.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kg import Attribute, Literal, Triple
from kg.sql.migrate import HEAD
from kg.vocabulary import ALIAS, LABEL, XSD
from kptm import Workspace
from kptm.workspace import examine

HERE = Path(__file__).parent
NONE = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
FOUR = "b673e63e7f64a045e61942a85538080a39f0603d7241447938c44527fdbca76f"
FINGERPRINTS = [
    NONE,
    NONE,
    FOUR,
    FOUR,
    "a2ed136a5f34d9ae498623a45336f10988efa1bb9fddad2fbacd8593711935b7",
    FOUR,
    "d28073d15ed7230fe16b154ca71a2111c5e3eded357802af25d28b54087af9ea",
    "d28073d15ed7230fe16b154ca71a2111c5e3eded357802af25d28b54087af9ea",
]
"""By revision, from the empty graph on."""


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "ws"
    made.mkdir()
    shutil.copy(HERE / "workspace_0_1.toml", made / "kptm.toml")
    with closing(sqlite3.connect(made / "graph.db")) as database:
        database.executescript((HERE / "workspace_0_1.sql").read_text(encoding="utf-8"))
    return made


@pytest.fixture
def ws(folder):
    with Workspace.open(folder, create=False) as opened:
        yield opened


def test_the_file_is_of_an_earlier_schema_and_is_migrated_once(folder):
    def version():
        with closing(sqlite3.connect(folder / "graph.db")) as database:
            return database.execute("SELECT version_num FROM alembic_version").fetchone()[0]

    assert version() == "0011" < HEAD
    for _ in range(2):
        Workspace.open(folder, create=False).close()
        assert version() == HEAD


def test_all_facts_are_there(ws):
    assert set(ws.graph.match()) == {
        Triple("Q90", "capital of", "Q142"),
        Triple("Q90", "mayor", "Anne"),
    }
    assert set(ws.graph.attributes()) == {
        Attribute("Q90", "population", Literal("2100000", f"{XSD}integer")),
        Attribute("Q90", "area", Literal("105", f"{XSD}integer", unit="km²")),
    }
    paris = ws.graph.entity("Q90")
    assert (paris.label, paris.aliases, paris.description) == ("Paris", ("Lutetia",), "a city")
    assert (paris.types, paris.prior) == (("city",), 4.5)
    assert ws.graph.in_languages(["de"]).entity("Q142").label == "Frankreich"
    assert [one.key for one in ws.search("lutetia")] == ["Q90"]
    [capital] = ws.graph.attestations([Triple("Q90", "capital of", "Q142")]).values()
    assert {name for name, _ in capital.sources} == {"facts.tsv", "second.tsv"}
    [mayor] = ws.graph.attestations([Triple("Q90", "mayor", "Anne")]).values()
    assert mayor.confidence == 0.8


def test_all_revisions_are_there(ws):
    assert [ws.graph.fingerprint(number) for number in range(8)] == FINGERPRINTS
    assert [(one.number, one.kind, one.undoes) for one in ws.revisions()] == [
        (7, "index", ()), (6, "remove", ()), (5, "undo", (4,)), (4, "edit", ()),
        (3, "add", ()), (2, "add", ()), (1, "add", ()),
    ]  # fmt: skip
    changes = [
        (one.revision, one.kind, one.fact[2])
        for one in ws.history("Q90")
        if one.fact[1] in ("mayor", "twin of")
    ]
    assert changes == [
        (2, "added", "Anne"), (2, "added", "Q220"), (4, "removed", "Anne"),
        (4, "added", "Emmanuel"), (5, "added", "Anne"), (5, "removed", "Emmanuel"),
        (6, "removed", "Q220"),
    ]  # fmt: skip
    stated = {one.fact[1] for one in ws.history("Q90") if one.revision == 1}
    assert {LABEL, ALIAS} <= stated


def test_the_qualifier_is_exported(ws, tmp_path):
    ws.export(tmp_path / "all.jsonl")
    lines = (tmp_path / "all.jsonl").read_text(encoding="utf-8").splitlines()
    [mayor] = [line for line in lines if '"mayor"' in line]
    assert '"P580"' in mayor
    assert '"2014"' in mayor


def test_texts_are_found_and_questions_answered(ws):
    [passage] = ws.passages.search("Lutetia")
    assert passage.text == "Paris is the capital of France. Lutetia was its name."
    assert [link.entity for link in passage.links] == ["Q90", "Q142", "Q90"]
    assert ws.ask("What is the capital of France?").entity == "Q90"


def test_what_was_removed_comes_back_and_new_changes_are_made(ws):
    ws.undo(6)
    assert ws.graph.fingerprint() == FOUR
    ws.edit("Paris", "mayor", "Rachida", new=True)
    assert ws.query("Q90", "mayor").entity == "Rachida"
    ws.forget(source="second.tsv")
    [capital] = ws.graph.attestations([Triple("Q90", "capital of", "Q142")]).values()
    assert [name for name, _ in capital.sources] == ["facts.tsv"]


def test_it_is_healthy_afterwards(folder):
    Workspace.open(folder, create=False).close()
    assert not examine(folder).broken
