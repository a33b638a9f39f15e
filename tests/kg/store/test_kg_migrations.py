"""Migrations go up, down and up again, and end where the tables in code stand."""

import alembic.command
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from kg import KnowledgeGraph
from kg.store import schema
from kg.store.database import Database
from kg.store.migrate import HEAD, alembic_config


@pytest.fixture
def database(tmp_path):
    found = Database(tmp_path / "m.db")
    yield found
    found.close()


def differences(database):
    """What ``alembic check`` would find for the graph's tables; the modeledge's are elsewhere."""

    def ours(name, kind, parents):
        return not (parents.get("table_name") or name or "").startswith("modeledge_")

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
        connection.execute(sa.text("DROP INDEX ix_triple_tail_id"))
        connection.execute(sa.text("ALTER TABLE entity ADD COLUMN more TEXT"))
    assert len(differences(database)) == 2


def test_up_down_up(database, tmp_path):
    def definitions():
        with database.read() as connection:
            rows = connection.execute(sa.text("SELECT name, sql FROM sqlite_master ORDER BY name"))
            return [tuple(row) for row in rows]

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


def test_an_emptied_database_is_migrated_again_on_opening(database, tmp_path):
    with database.write() as connection:
        alembic.command.downgrade(alembic_config(connection), "base")
    with KnowledgeGraph.open(tmp_path / "m.db") as graph:
        assert graph.add([("a", "r", "b")]) == 1


def test_an_older_database_is_upgraded_on_opening_with_what_it_holds(tmp_path):
    with KnowledgeGraph.open(tmp_path / "old.db") as graph:
        graph.add([("a", "r", "b")])
        before = graph.fingerprint()
        with graph.database.write() as connection:
            alembic.command.downgrade(alembic_config(connection), "0001")
    with KnowledgeGraph.open(tmp_path / "old.db") as graph:
        assert graph.fingerprint() == before
        assert differences(graph.database) == []


def test_the_statements_can_be_written_for_postgresql():
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.schema import CreateIndex, CreateTable

    for table in schema.metadata.sorted_tables:
        assert str(CreateTable(table).compile(dialect=postgresql.dialect()))
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=postgresql.dialect()))
    keys = CreateTable(schema.entity).compile(dialect=postgresql.dialect())
    assert 'key TEXT COLLATE "C" NOT NULL' in str(keys)
