"""Reading from a real streaming replica: never older than the primary, and never required."""

import logging
import time
from contextlib import ExitStack, contextmanager

import pytest

from benchmarks.store_peers import server
from kg import KnowledgeGraph, StoreError
from kg.sql import replica as replicas

WAS_READ = "SELECT pg_is_in_recovery()"
PATIENCE = 60


@pytest.fixture(scope="module")
def standby(postgresql):
    """The folder of the socket of a replica of the server."""
    with server.replica_of(postgresql.host) as host:
        yield host


@pytest.fixture
def urls(postgresql, standby):
    """The URL of a new graph, and of the same graph on the replica."""
    url = postgresql.copy(postgresql.url("empty_graph"))
    yield url, url.replace(postgresql.host, standby)
    postgresql.drop(url)


@contextmanager
def replica_block(database):
    """A block that reads from the replica; other tests write to the same server meanwhile."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with ExitStack() as block:
            if block.enter_context(database.on_replica()):
                yield
                return
        time.sleep(0.02)
    raise AssertionError("the replica never catches up")


def caught_up(database):
    """Wait until the replica is read."""
    with replica_block(database):
        pass


@pytest.fixture
def graph(urls):
    url, replica = urls
    until = time.monotonic() + PATIENCE
    with KnowledgeGraph.open(url) as opened:
        while True:  # the database itself must reach the replica first
            try:
                opened.database.use_replica(replica)
                break
            except StoreError:
                assert time.monotonic() < until
                time.sleep(0.05)
        opened.add([("a", "r", "b")])
        caught_up(opened.database)
        yield opened


@pytest.fixture
def lag(standby):
    """Stop replaying on the replica, as if the network were slow."""
    with server.connect(standby, "postgres", autocommit=True) as connection:
        connection.execute("SELECT pg_wal_replay_pause()")
        yield
        connection.execute("SELECT pg_wal_replay_resume()")


def on_replica(database):
    """Whether single statements and transactions of this thread go to the replica."""
    with database.quick() as sql:
        single = sql.one(WAS_READ)
    with database.reading() as sql:
        return single, sql.one(WAS_READ)


def tails(graph):
    return sorted(fact.tail for fact in graph.match(head="a"))


def test_a_block_reads_from_the_replica_and_the_next_from_the_primary(graph):
    database = graph.database
    assert on_replica(database) == (False, False)
    with replica_block(database):
        assert on_replica(database) == (True, True)
        assert tails(graph) == ["b"]
    assert on_replica(database) == (False, False)


def test_after_a_write_the_block_reads_from_the_primary(graph):
    database = graph.database
    with replica_block(database):
        graph.add([("a", "r", "c")])
        assert on_replica(database) == (False, False)
        assert tails(graph) == ["b", "c"]
    with graph.transaction(), database.on_replica() as reading:
        assert not reading


def test_a_replica_with_a_lag_is_not_read(graph, lag, standby):
    database = graph.database
    for number in range(3):
        graph.add([("a", "r", f"c{number}")])
        with database.on_replica() as reading:
            assert not reading
            assert len(tails(graph)) == 2 + number
    with server.connect(standby, "postgres", autocommit=True) as connection:
        connection.execute("SELECT pg_wal_replay_resume()")
    caught_up(database)
    with replica_block(database):
        assert len(tails(graph)) == 4


def test_a_reader_always_sees_what_was_written_before(graph):
    """Without any pause, as fast as this machine writes and reads."""
    read = 0
    for number in range(100):
        graph.add([("a", "r", f"c{number}")])
        for _ in range(3):
            with graph.database.on_replica() as reading:
                read += reading
                assert len(tails(graph)) == 2 + number
    caught_up(graph.database)


def test_a_replica_that_fails_is_left_for_a_while(graph, monkeypatch, caplog):
    database = graph.database
    replica = database._replica

    def gone():
        raise OSError  # is not reached while the replica is left alone

    with database.on_replica(), database.quick() as sql:
        process = sql.one("SELECT pg_backend_pid()")
    with server.connect(replica.location.name.partition("host=")[2], "postgres") as connection:
        connection.execute("SELECT pg_terminate_backend(%s)", (process,))
    with caplog.at_level(logging.WARNING), database.on_replica() as reading:
        assert not reading
        assert tails(graph) == ["b"]
    assert "the replica is not read for now" in caplog.text
    with monkeypatch.context() as patched:
        patched.setattr(replica, "thread_sql", gone)
        with database.on_replica() as reading:
            assert not reading
    monkeypatch.setattr(replica, "_paused_until", 0.0)
    with replica_block(database):
        assert tails(graph) == ["b"]


def test_what_is_no_replica_of_this_database_is_refused(graph, urls, standby, postgresql, tmp_path):
    url, replica = urls
    other = replica.replace(postgresql._name(url), "postgres")
    missing = f"postgresql://postgres@/x?host={tmp_path}"
    for wrong, reason in ((url, "no streaming replica"), (other, "no streaming replica"),
                          (missing, "cannot be read")):  # fmt: skip
        with pytest.raises(StoreError, match=reason):
            graph.database.use_replica(wrong)
    with server.running() as host, pytest.raises(StoreError, match="no streaming replica"):
        graph.database.use_replica(f"postgresql://postgres@/postgres?host={host}")
    with (
        KnowledgeGraph.open(tmp_path / "g.db") as local,
        pytest.raises(StoreError, match="only a database of PostgreSQL"),
    ):
        local.database.use_replica(replica)


def test_a_password_is_not_shown(graph, tmp_path):
    url = f"postgresql://ann:s3cretword@/x?host={tmp_path}"
    with pytest.raises(StoreError) as found:
        graph.database.use_replica(url)
    assert "s3cretword" not in str(found.value)
    assert found.value.__cause__ is None
    assert replicas.Replica(url).location.name.count("***") == 1
