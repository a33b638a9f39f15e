"""Databases that are locked, damaged, foreign, newer, missing, read-only or shared."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from kg import EntityRecord, KnowledgeGraph, StoreError
from kg.loading import load as loading
from kg.sql import database


@pytest.fixture
def kind():
    """SQLite only: these tests damage, lock and replace database files."""
    return "sqlite"


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)


def raw(path):
    return sqlite3.connect(path, isolation_level=None)


def test_a_locked_database_is_said_to_be_locked_and_can_still_be_read(
    impatient, graph, tmp_path, write
):
    graph.add([("a", "r", "b")])
    other = raw(tmp_path / "graph0.db")
    other.execute("BEGIN IMMEDIATE")
    path = write("a.tsv", "c\tr\td\n")
    for change in (
        lambda: graph.add([("c", "r", "d")]),
        lambda: graph.load(path),
        lambda: graph.remove(head="a"),
        lambda: graph.edit("a", "r", "a"),
        graph.undo,
    ):
        with pytest.raises(StoreError, match=r"graph0\.db.*locked; another process is writing"):
            change()
    assert [tuple(item) for item in graph.match()] == [("a", "r", "b")]
    assert len(graph.fingerprint()) == 64
    assert KnowledgeGraph.open(tmp_path / "graph0.db").stats()["triples"] == 1
    other.execute("COMMIT")
    other.close()
    assert graph.load(path).added == 1


def test_a_writer_waits_for_the_other_writer(graph, tmp_path):
    other = sqlite3.connect(tmp_path / "graph0.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    timer.start()
    assert graph.add([("a", "r", "b")]) == 1
    timer.join()
    other.close()


def test_a_reader_sees_the_state_before_or_after_a_load_never_between(
    graph, tmp_path, write, monkeypatch
):
    monkeypatch.setattr(loading, "RECORDS_PER_BATCH", 1_000)
    graph.add([("a", "r", "b")])
    reader = KnowledgeGraph.open(tmp_path / "graph0.db")
    during = []
    path = write("a.csv", "".join(f"e{n},r,x\n" for n in range(3_000)))
    seen = []
    old = reader.match()
    seen.append(next(old))
    graph.load(path, progress=lambda read: during.append(reader.stats()["triples"]))
    assert during == [1, 1, 1]
    seen.extend(old)  # began before the load, and stays before it
    assert [tuple(item) for item in seen] == [("a", "r", "b")]
    assert reader.stats()["triples"] == 3_001
    reader.close()


def test_a_graph_can_be_changed_while_it_is_read(graph):
    graph.add([(f"e{n}", "r", "x") for n in range(50)])
    for item in graph.match():
        graph.remove(head=item.head)
    assert list(graph.match()) == []
    graph.undo(1 + 7)
    assert graph.stats()["triples"] == 1


def test_threads_may_write_one_after_the_other(graph):
    with ThreadPoolExecutor(4) as pool:
        added = list(pool.map(lambda n: graph.add([(f"e{n}", "r", "x")]), range(24)))
    assert added == [1] * 24
    assert (graph.stats()["triples"], graph.revision()) == (24, 24)


def test_a_new_database_may_be_opened_by_many_at_once(tmp_path):
    def open_and_count(_):
        with KnowledgeGraph.open(tmp_path / "new.db") as graph:
            return graph.stats()["triples"]

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(open_and_count, range(6))) == [0] * 6


def test_what_was_written_is_there_after_opening_again(tmp_path):
    with KnowledgeGraph.open(tmp_path / "a.db") as graph:
        graph.add([("a", "r", "b"), EntityRecord(key="a", label="A")])
        before = graph.fingerprint(), graph.stats(), graph.entity("a")
    with KnowledgeGraph.open(str(tmp_path / "a.db")) as graph:
        assert (graph.fingerprint(), graph.stats(), graph.entity("a")) == before
    assert not (tmp_path / "a.db-wal").exists()


@pytest.mark.parametrize("name", ["a b.db", "a?b.db", "a%20b.db", "a#b.db", "ä🦊.db", "file:x.db"])
def test_a_path_is_taken_literally(tmp_path, name):
    with KnowledgeGraph.open(tmp_path / name) as graph:
        graph.add([("a", "r", "b")])
    assert (tmp_path / name).is_file()


def test_a_url_opens_the_same_database(graph, tmp_path):
    graph.add([("a", "r", "b")])
    with KnowledgeGraph.open(f"sqlite:///{tmp_path}/graph0.db") as other:
        assert other.fingerprint() == graph.fingerprint()


def test_a_read_only_database_can_be_read_and_says_that_it_cannot_be_written(
    graph, tmp_path, write
):
    graph.add([("a", "r", "b")])
    graph.close()
    with KnowledgeGraph.open(f"sqlite:///file:{tmp_path}/graph0.db?mode=ro&uri=true") as reader:
        assert len(list(reader.match())) == 1
        assert len(reader.fingerprint()) == 64
        for change in (
            lambda: reader.add([("c", "r", "d")]),
            lambda: reader.load(write("a.tsv", "c\tr\td\n")),
            lambda: reader.remove(head="a"),
            reader.undo,
        ):
            with pytest.raises(StoreError, match="read-only"):
                change()


def test_an_empty_file_becomes_a_graph(write):
    with KnowledgeGraph.open(write("empty.db", "")) as graph:
        assert graph.stats()["entities"] == 0


def test_a_file_that_is_no_database_is_refused_and_left_as_it_was(write):
    path = write("notes.txt", "these are my notes\n" * 100)
    with pytest.raises(StoreError, match=r"notes\.txt.*not a kptm graph"):
        KnowledgeGraph.open(path)
    assert path.read_text().startswith("these are my notes")


@pytest.mark.parametrize("table", ["mine", "triple", "alembic_version"])
def test_foreign_tables_are_refused_and_left_as_they_were(tmp_path, table):
    path = tmp_path / "foreign.db"
    with raw(path) as other:
        other.execute(f"CREATE TABLE {table} (version_num TEXT)")
        other.execute(f"INSERT INTO {table} VALUES ('0002')")
    other.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"foreign\.db.*not kptm's"):
        KnowledgeGraph.open(path)
    assert path.read_bytes() == before


def test_a_newer_schema_is_refused(graph, tmp_path):
    graph.close()
    with raw(tmp_path / "graph0.db") as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
    other.close()
    with pytest.raises(StoreError, match=r"newer kptm .*9999"):
        KnowledgeGraph.open(tmp_path / "graph0.db")


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(StoreError, match="no folder"):
        KnowledgeGraph.open(tmp_path / "missing" / "a.db")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(StoreError, match="is a folder"):
        KnowledgeGraph.open(tmp_path)


@pytest.mark.parametrize(
    "url", ["nosuch://x", "mysql+nodriver://x/y", "://", "sqlite:////no/such/x.db"]
)
def test_an_unusable_url_is_refused(url):
    with pytest.raises(StoreError):
        KnowledgeGraph.open(url)


def test_a_nul_in_a_path_is_refused(tmp_path):
    with pytest.raises(StoreError):
        KnowledgeGraph.open(tmp_path / "a\0b.db")


def test_a_damaged_database_is_an_error_of_ours(graph, tmp_path):
    graph.add([(f"e{n}", "r", f"e{n + 1}") for n in range(2_000)])
    graph.close()
    path = tmp_path / "graph0.db"
    data = bytearray(path.read_bytes())
    data[8192:-4096] = b"\x5a" * (len(data) - 8192 - 4096)
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"graph0\.db"), KnowledgeGraph.open(path) as broken:
        list(broken.match())
