"""A workspace whose tables are in PostgreSQL: how it is made, and what is refused."""

import json
import threading

import pytest
from click.testing import CliRunner

from kg import StoreError
from kg.sql import database as databases
from kptm import ConfigError, Workspace, WorkspaceError
from kptm.cli.main import main
from kptm.workspace import examine
from kptm.workspace.config import read

FACTS = "France\tcapital\tParis\nPeru\tcapital\tLima\n"


def run(*arguments, code=0):
    result = CliRunner().invoke(main, [str(item) for item in arguments])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def database():
    return "postgresql"


@pytest.fixture
def url(postgresql):
    made = postgresql.empty()
    yield made
    postgresql.drop(made)


@pytest.fixture
def facts(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text(FACTS)
    return path


def test_from_an_empty_folder_to_an_answer_on_the_command_line(url, facts, tmp_path):
    plain = url.replace("postgresql+psycopg://", "postgresql://")
    assert plain in run("init", tmp_path / "my", "--database", plain).stdout
    run("load", tmp_path / "my", facts)
    answer = run("ask", tmp_path / "my", "What is the capital of Peru?", "--json").stdout
    assert json.loads(answer)["entity"] == "Lima"
    assert not (tmp_path / "my" / "graph.db").exists()
    assert "healthy" in run("doctor", tmp_path / "my").stdout
    again = run("init", tmp_path / "other", "--database", plain).stdout
    assert "has a graph already: revision 1" in again
    assert json.loads(run("stats", tmp_path / "other", "--json").stdout)["triples"] == 2


def test_a_password_is_used_and_never_stored(url, tmp_path, monkeypatch):
    secret = url.replace("postgres@", "postgres:s%40cret%2F1@")
    with Workspace.init(tmp_path / "my", database=secret) as ws:
        ws.graph.add([("a", "r", "b")])
        assert "cret" not in json.dumps(ws.settings())
    kept = [path.read_bytes() for path in (tmp_path / "my").rglob("*") if path.is_file()]
    assert not any(b"cret" in content for content in kept)
    settings = tmp_path / "my" / "kptm.toml"
    settings.write_text(
        settings.read_text().replace('password_variable = ""', 'password_variable = "MY_SECRET"')
    )
    with pytest.raises(ConfigError, match="MY_SECRET is not set"):
        Workspace.open(tmp_path / "my")
    monkeypatch.setenv("MY_SECRET", "s@cret/1")
    assert "s%40cret%2F1" in read(settings).database.with_password()
    with Workspace.open(tmp_path / "my") as ws:
        assert ws.graph.revision() == 1
    stored = read(settings).database.url
    settings.write_text(settings.read_text().replace(stored, secret))
    with pytest.raises(ConfigError, match="must not have a password") as error:
        Workspace.open(tmp_path / "my")
    assert "cret/1" not in str(error.value)
    assert "s%40cret" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://root@localhost/x", "mysql is not supported"),
        ("postgresql://root@localhost", "names no database"),
        ("nonsense", "malformed"),
        ("postgresql://nobody:hush@127.0.0.1:1/none", "that the server runs"),
    ],
)
def test_a_wrong_url_is_one_error_and_leaves_no_workspace(url, message, tmp_path):
    result = run("init", tmp_path / "my", "--database", url, code=1)
    assert message in result.stderr
    assert "hush" not in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "my").exists()


def test_a_missing_database_is_named(url, tmp_path):
    missing = url.replace("postgres@/", "postgres@/no_such_")
    assert "createdb" in run("init", tmp_path / "my", "--database", missing, code=1).stderr


def test_a_lost_graph_is_not_taken_for_an_empty_one(copied, postgresql):
    other = postgresql.new()
    settings = copied / "kptm.toml"
    own = read(settings).database.url
    settings.write_text(settings.read_text().replace(own, other))
    with pytest.raises(WorkspaceError, match="had one"):
        Workspace.open(copied)
    assert [one.name for one in examine(copied).findings if one.broken] == ["graph-missing"]
    postgresql.drop(other)


def test_a_backup_is_refused_with_what_to_run(copied, tmp_path):
    message = run("backup", copied, tmp_path / "b.tar", code=1).stderr
    assert "pg_dump" in message
    assert "pg_restore" in message
    assert not (tmp_path / "b.tar").exists()


def test_the_doctor_finds_what_is_planted_and_changes_nothing(copied):
    assert not examine(copied).broken
    with Workspace.open(copied) as ws, ws.graph.database.writing() as (sql, _):
        sql.run("DELETE FROM entity WHERE key = 'Paris'")
        sql.run("DELETE FROM modeledge_record WHERE id = 1")
    found = {one.name: one for one in examine(copied).findings if one.broken}
    assert set(found) == {"references-broken", "modeledge-inconsistent"}
    assert "pg_restore" in found["references-broken"].remedy
    with Workspace.open(copied) as ws, ws.graph.database.writing() as (sql, _):
        sql.run("UPDATE alembic_version SET version_num = '0011'")
    found = {one.name: one for one in examine(copied).findings}
    assert "pg_dump" in found["schema-old"].remedy
    assert examine(copied).findings == tuple(found.values())


def test_a_stopped_server_is_a_finding(copied):
    settings = copied / "kptm.toml"
    own = read(settings).database.url
    settings.write_text(settings.read_text().replace(own, "postgresql://x@127.0.0.1:1/x"))
    assert [one.name for one in examine(copied).findings if one.broken] == ["database-unreachable"]


def test_a_snapshot_is_written_and_read(copied, monkeypatch):
    from kptm.modeledge.vector_index import snapshots

    with Workspace.open(copied) as ws:
        stats = ws.modeledge.stats()
        ws.modeledge.build(max(stats, key=stats.get))
        assert "whole" in {check.snapshot for check in ws.verify()}
    assert list((copied / "graph.db.index").iterdir())
    read_indexes = []
    load = snapshots.load

    def noted(*given):
        read_indexes.append(load(*given))
        return read_indexes[-1]

    monkeypatch.setattr(snapshots, "load", noted)
    with Workspace.open(copied) as ws:
        assert not any(check.problems for check in ws.verify())
    assert any(index is not None for index in read_indexes)


def test_a_writer_that_waits_too_long_is_told_so(copied, monkeypatch):
    monkeypatch.setattr(databases, "BUSY_SECONDS", 0.2)
    with Workspace.open(copied) as ws, Workspace.open(copied) as other:
        with ws.graph.transaction():
            ws.graph.add([("x", "r", "y")])
            with pytest.raises(StoreError, match="another process is writing to it; wait"):
                other.graph.add([("z", "r", "y")])
            assert other.ask("What is the capital of Peru?").entity == "Lima"
        assert other.graph.add([("z", "r", "y")]) == 1


def test_a_connection_that_the_server_ended_is_opened_again(copied):
    with Workspace.open(copied) as ws:
        before = ws.graph.stats()
        with ws.graph.database.writing() as (sql, _):
            sql.all(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        for _ in range(2):  # the first call may find that the connection is gone
            try:
                assert ws.graph.stats() == before
                assert list(ws.graph.match(head="Peru"))
            except StoreError as error:
                assert "ended" in str(error) or "stopped" in str(error)  # noqa: PT017
        assert ws.graph.stats() == before
        ws.graph.add([("z", "r", "y")])


class Crowd:
    """Threads that write pairs of facts, and threads that look for incomplete pairs."""

    def __init__(self, folder, rounds):
        self.folder, self.rounds = folder, rounds
        self.errors, self.torn, self.done = [], [], threading.Event()

    def start(self, work, count):
        threads = [threading.Thread(target=self._run, args=(work, n)) for n in range(count)]
        for thread in threads:
            thread.start()
        return threads

    def _run(self, work, number):
        try:
            with Workspace.open(self.folder) as ws:
                work(ws, number)
        except Exception as error:  # noqa: BLE001  # whatever it is, the test fails with it
            self.errors.append(error)

    def write(self, ws, number):
        for at in range(self.rounds):
            name = f"w{number}_{at}"
            ws.graph.add([(name, "left", "x"), (name, "right", "x")])

    def look(self, ws, _number):
        while not self.done.is_set():
            with ws.graph.database.reading() as sql:
                heads = [set(sql.all(HEADS, (side,))) for side in ("left", "right")]
            if heads[0] != heads[1]:
                self.torn.append(heads[0] ^ heads[1])


HEADS = (
    "SELECT head_id FROM triple x JOIN relation r ON r.id = x.relation_id"
    " WHERE r.key = ? AND rev_removed = 0"
)


def test_writers_lose_nothing_and_readers_see_no_torn_state(copied):
    crowd = Crowd(copied, rounds=5)
    with Workspace.open(copied) as ws:
        before = ws.graph.revision()
        readers = crowd.start(crowd.look, 8)
        for thread in crowd.start(crowd.write, 4):
            thread.join()
        crowd.done.set()
        for thread in readers:
            thread.join()
        assert crowd.errors == []
        assert crowd.torn == []
        assert ws.graph.revision() == before + 4 * 5
        names = {fact.head for fact in ws.graph.match(relation="left")}
    assert names == {f"w{number}_{at}" for number in range(4) for at in range(5)}
