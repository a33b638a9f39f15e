"""Migrations run up, down and up again, and end with the tables that the code declares."""

import re

import alembic.command
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from kg import Entity, EntityRecord, KnowledgeGraph, Statement, Triple
from kg.sql.database import Database
from kg.sql.migrate import HEAD, alembic_config
from kg.store.rows import schema

PARTITION = re.compile(r"(triple|modeledge_record)_p\d+")
"""A partition, if all tests are run on divided tables; tests of partitions compare these."""


@pytest.fixture
def place(new_place):
    return new_place()


@pytest.fixture
def database(place):
    found = Database(place)
    yield found
    found.close()


def differences(database):
    """The differences that ``alembic check`` would find in the graph's tables."""

    def ours(name, kind, parents):
        table = parents.get("table_name") or name or ""
        others = ("modeledge_", "name_index", "passage")
        return not table.startswith(others) and not PARTITION.fullmatch(table)

    with database.read() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"compare_type": True, "compare_server_default": True, "include_name": ours},
        )
        return compare_metadata(context, schema.metadata)


def tables(database):
    with database.read() as connection:
        return set(sa.inspect(connection).get_table_names())


def test_head_is_what_alembic_says(database):
    with database.read() as connection:
        script = ScriptDirectory.from_config(alembic_config(connection))
        assert script.get_heads() == [HEAD]
        assert (
            connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == HEAD
        )


def test_the_tables_are_those_of_the_schema(database):
    assert differences(database) == []
    assert set(schema.metadata.tables) < tables(database)


def test_the_comparison_sees_a_difference(database):
    with database.write() as connection:
        connection.execute(sa.text("DROP INDEX ix_triple_tail"))
        connection.execute(sa.text("ALTER TABLE entity ADD COLUMN more TEXT"))
    assert len(differences(database)) == 2


def described(index):
    """An index as text, with its condition as SQL."""
    options = {name: str(option) for name, option in index.pop("dialect_options", {}).items()}
    return str((sorted(index.items()), options))


def test_up_down_up(database):
    def definitions():
        with database.read() as connection:
            found = sa.inspect(connection)
            return {
                name: [
                    str((column["name"], column["type"], column["nullable"], column["default"]))
                    for column in found.get_columns(name)
                ]
                + sorted(map(described, found.get_indexes(name)))
                for name in found.get_table_names()
                if not PARTITION.fullmatch(name)
            }

    first = definitions()
    with database.write() as connection:
        alembic.command.downgrade(alembic_config(connection), "base")
    assert tables(database) == {"alembic_version"}
    with database.write() as connection:
        alembic.command.upgrade(alembic_config(connection), "head")
    assert definitions() == first
    assert differences(database) == []


def test_every_step_down_and_up_works_alone(database):
    with database.read() as connection:
        count = len(list(ScriptDirectory.from_config(alembic_config(connection)).walk_revisions()))
    for step in ["-1"] * count + ["+1"] * count:
        with database.write() as connection:
            command = alembic.command.upgrade if step == "+1" else alembic.command.downgrade
            command(alembic_config(connection), step)
    assert differences(database) == []


def test_an_emptied_database_is_migrated_again_on_opening(database, place):
    with database.write() as connection:
        alembic.command.downgrade(alembic_config(connection), "base")
    with KnowledgeGraph.open(place) as graph:
        assert graph.add([("a", "r", "b")]) == 1


@pytest.mark.parametrize("version", ["0001", "0002"])
def test_an_older_database_is_upgraded_on_opening_with_what_it_holds(place, version):
    with KnowledgeGraph.open(place) as graph:
        graph.add([("a", "r", "b")])
        before = graph.fingerprint()
        with graph.database.write() as connection:
            alembic.command.downgrade(alembic_config(connection), version)
    with KnowledgeGraph.open(place) as graph:
        assert graph.fingerprint() == before
        assert differences(graph.database) == []


OLD = """
INSERT INTO revision (id, kind, note, at)
    VALUES (1, 'load', 'e.jsonl', '2026-01-01T00:00:00+00:00');
INSERT INTO revision (id, kind, note, at) VALUES (2, 'load', 't.tsv', '2026-01-02T00:00:00+00:00');
INSERT INTO revision (id, kind, note, at) VALUES (3, 'edit', 'x', '2026-01-03T00:00:00+00:00');
INSERT INTO revision (id, kind, note, at) VALUES (4, 'undo', 'x', '2026-01-04T00:00:00+00:00');
INSERT INTO entity VALUES (1, 'Q90', 'Paris', 'a city', 4.5);
INSERT INTO entity VALUES (2, 'Q142', NULL, NULL, NULL);
INSERT INTO entity VALUES (3, 'Q64', 'Berlin', '', NULL);
INSERT INTO entity VALUES (4, 'alone', NULL, NULL, NULL);
INSERT INTO alias VALUES (1, 'Lutetia');
INSERT INTO alias VALUES (1, 'Panam');
INSERT INTO entity_type VALUES (1, 'city');
INSERT INTO relation VALUES (1, 'P17', 'country');
INSERT INTO relation VALUES (2, 'P36', NULL);
INSERT INTO triple VALUES (1, 1, 1, 2, 2, NULL);
INSERT INTO triple VALUES (2, 2, 2, 1, 2, 3);
INSERT INTO triple VALUES (3, 2, 2, 3, 3, 4);
INSERT INTO triple VALUES (4, 2, 2, 1, 4, NULL)
"""


def test_a_database_with_the_previous_schema_keeps_its_data(place):
    database = Database(place)
    with database.write() as connection:
        alembic.command.downgrade(alembic_config(connection), "0002")
        for statement in OLD.strip().split(";\n"):
            connection.execute(sa.text(statement))
    database.close()
    country, capital, berlin = (
        Triple("Q90", "P17", "Q142"),
        Triple("Q142", "P36", "Q90"),
        Triple("Q142", "P36", "Q64"),
    )
    with KnowledgeGraph.open(place) as graph:
        assert set(graph.match()) == {country, capital}
        assert graph.entity("Q90") == Entity(
            key="Q90",
            label="Paris",
            aliases=("Lutetia", "Panam"),
            description="a city",
            types=("city",),
            prior=4.5,
        )
        assert graph.entity("Q64").label == "Berlin"
        assert graph.entity("alone").label == "alone"
        assert [(item.key, item.label) for item in graph.relations()] == [
            ("P17", "country"),
            ("P36", "P36"),
        ]
        wanted = [set(), set(), {country, capital}, {country, berlin}, {country, capital}]
        assert [set(graph.at(number).match()) for number in range(5)] == wanted
        changes = [(c.revision, c.kind, c.fact, c.source) for c in graph.history("Q142")]
        assert (2, "added", capital, "t.tsv") in changes
        assert (3, "removed", capital, "t.tsv") in changes
        assert (4, "added", capital, "user") in changes
        assert [entity.key for entity in graph.search("lutet")] == ["Q90"]
        assert differences(graph.database) == []
        graph.undo(4)
        assert set(graph.match()) == {country, berlin}


def test_an_upgraded_database_has_ranks_and_folded_names(place):
    """In 0005, statements recorded as wrong were facts, and the index of names had accents."""
    with KnowledgeGraph.open(place) as graph:
        graph.add([EntityRecord(key="Q1", label="Dvořák"), ("Łódź", "r", "Q1"), ("Q1", "r", "Q2")])
        graph.add([Statement(Triple("Q1", "r", "Q3"), confidence=0.0)])
        graph.add([Statement(Triple("Q1", "r", "Q2"), confidence=0.0)], source="doubter")
        wanted = graph.fingerprint()
        with graph.database.write() as connection:
            alembic.command.downgrade(alembic_config(connection), "0005")
            connection.execute(sa.text("DELETE FROM name_index"))
            connection.execute(sa.text("UPDATE revision SET fingerprint = 'of then' WHERE id = 3"))
            assert connection.execute(sa.text("SELECT min(rev_removed) FROM triple")).scalar() == 0
    with KnowledgeGraph.open(place) as graph:
        assert {item.tail for item in graph.match("Q1")} == {"Q2"}
        assert graph.fingerprint() == wanted
        for typed, key in (("dvorak", "Q1"), ("lodz", "Łódź")):
            assert [entity.key for entity in graph.search(typed)] == [key]


def test_the_statements_can_be_written_for_postgresql():
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.schema import CreateIndex, CreateTable

    for table in schema.metadata.sorted_tables:
        assert str(CreateTable(table).compile(dialect=postgresql.dialect()))
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=postgresql.dialect()))
    keys = CreateTable(schema.entity).compile(dialect=postgresql.dialect())
    assert 'key TEXT COLLATE "C" NOT NULL' in str(keys)
