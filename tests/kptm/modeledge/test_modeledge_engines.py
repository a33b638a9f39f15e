"""Qdrant and pgvector against brute force: the same rows as exact search, whatever has changed."""

from contextlib import contextmanager, suppress

import numpy as np
import pytest
from modeledge_oracle import best, clustered, filled, held_by, is_whole

from kptm import Modeledge, ModeledgeError, Record
from kptm.modeledge import IndexConfig, RecordFilter
from kptm.modeledge.engines import server_engine
from kptm.modeledge.vector_index import build_index

COUNT, DIM, K = 400, 8, 10


def records():
    return [
        Record(
            kind="fact" if number % 3 else "own",
            value=f"v{number % 7}",
            text=f"t{number % 5}",
            triple=("h", f"r{number % 4}", "t") if number % 3 else None,
        )
        for number in range(COUNT)
    ]


@pytest.fixture(params=["qdrant", "qdrant-engine", "pgvector"])
def connect(request, tmp_path):
    """A function that connects to one server again and again, as new processes would."""
    return request.getfixturevalue(f"{request.param.replace('-', '_')}_server")


@pytest.fixture
def engine_store(connect, place):
    """A function that opens the store with a new connection to the server."""
    opened = []

    def make():
        store = Modeledge.open(place)
        store.use_engine(server_engine.ServerEngine(connect()))
        opened.append(store)
        return store

    yield make
    for store in opened:
        store.close()


@pytest.fixture
def store(engine_store, monkeypatch):
    """A filled store; it has few rows, so that few are held out."""
    monkeypatch.setattr(build_index, "MAX_EXACT_VECTORS", 100)
    return filled(engine_store(), clustered(COUNT, DIM, 1), records())


def agrees(store, fits=lambda _: True, where=None, k=K):
    """Searches return the rows of brute force, in its order, with its similarities."""
    held = {entry.id: vector for entry, vector in store.entries("s") if fits(entry)}
    queries = clustered(12, DIM, 7)
    for query, hits in zip(
        queries, store.search(queries, k=k, space="s", where=where), strict=True
    ):
        wanted, right = best(query, held, k)
        assert [hit.id for hit in hits] == wanted
        assert [hit.score for hit in hits] == pytest.approx(right, abs=1e-5)


def test_after_every_kind_of_change(store, engine_store):
    agrees(store)
    assert store.verify()[0].index.partition("-")[0] in ("qdrant", "pgvector")
    gone = store.forget(source="y").operation
    agrees(store)
    added = store.add(np.eye(DIM)[:3], ["v0", "new", "new"], space="s", source="z")
    agrees(store)
    store.undo(gone)
    agrees(store)
    store.undo(added)
    agrees(store)
    for kind in ("flat", "hnsw", "auto"):
        built = store.build("s", IndexConfig(kind=kind))
        assert built.recall >= 0.95
        agrees(store)
    assert is_whole(store)
    other = engine_store()
    agrees(other)
    assert is_whole(other)


WHERES = [
    (RecordFilter(kind="own"), lambda e: e.record.kind == "own"),
    (RecordFilter(kind="fact"), lambda e: e.record.kind == "fact"),
    (RecordFilter(source="x"), lambda e: "x" in e.sources),
    (RecordFilter(relation="r1"), lambda e: bool(e.record.triple) and e.record.triple[1] == "r1"),
    (RecordFilter(value="v1"), lambda e: e.record.value == "v1"),
    (RecordFilter(value="nobody"), lambda e: False),
]


def test_filters(store):
    agrees(store)
    for where, fits in WHERES:
        agrees(store, fits, where)
        agrees(store, fits, where, k=1)
    store.forget(source="x")
    for where, fits in WHERES:
        agrees(store, fits, where)


def test_every_row_is_found_when_all_are_wanted(store):
    hits = store.search(clustered(1, DIM, 7), k=COUNT + 7, space="s")[0]
    assert {hit.id for hit in hits} == set(held_by(store, "s"))


def test_past_states(store):
    first = store.receipts(limit=9)[-1].operation
    store.forget(source="x")
    past = RecordFilter(operation=first)
    hits = store.search(clustered(1, DIM, 7), k=COUNT, space="s", where=past)[0]
    assert {hit.id for hit in hits} == set(range(1, 301))


def test_a_transaction_sees_its_own_rows_and_feeds_none(store, engine_store):
    agrees(store)
    with suppress(KeyError), store.database.transaction():
        store.add(np.full((2, DIM), 9, np.float32), ["a", "a"], space="s")
        assert len(store.search(np.ones((1, DIM)), k=COUNT + 9, space="s")[0]) == COUNT + 2
        raise KeyError
    agrees(store)
    agrees(engine_store())
    assert is_whole(store)


def test_two_processes_take_turns(store, engine_store):
    other = engine_store()
    rng = np.random.default_rng(3)
    for turn in range(6):
        writer, reader = (store, other) if turn % 2 else (other, store)
        writer.add(rng.normal(size=(3, DIM)).astype(np.float32), ["n"] * 3, space="s", source="z")
        agrees(reader)
        reader.forget(entity=f"v{turn}")
        agrees(writer)
    assert is_whole(store)
    assert is_whole(other)


def index_of(store):
    """The index on the server."""
    with store.database.reading() as sql:
        return store._indexes._engine._index(sql, store.spaces()[0])


@contextmanager
def fed_ids(index, pages=10**9):
    """The ids that are added in the block, which ends like a killed process after some pages."""
    fed = []

    def add(self, ids, vectors):
        nonlocal pages
        if not pages:
            raise KeyboardInterrupt
        pages -= 1
        fed.extend(ids.tolist())
        original(self, ids, vectors)

    original = type(index).add
    type(index).add = add
    try:
        yield fed
    finally:
        type(index).add = original


@pytest.mark.parametrize("pages", [0, 1, 3])
def test_a_stopped_filling_goes_on(store, engine_store, monkeypatch, pages):
    monkeypatch.setattr("kptm.modeledge.sql.record_rows.VECTORS_PER_PAGE", 64)
    index = index_of(store)
    with fed_ids(index, pages), pytest.raises(KeyboardInterrupt):
        store.search(np.ones((1, DIM)), k=1, space="s")
    assert index.position().seq == -1
    stored = len(index)
    after = engine_store()
    with fed_ids(index) as fed:
        agrees(after)
    assert len(fed) == len(set(fed)) <= COUNT
    assert stored > 0 or not pages
    assert is_whole(after)
    agrees(store)


@pytest.mark.parametrize("pages", [0, 1, 3])
def test_a_stopped_feed_goes_on_at_its_position(store, engine_store, monkeypatch, pages):
    monkeypatch.setattr("kptm.modeledge.sql.record_rows.VECTORS_PER_PAGE", 64)
    agrees(store)
    store.add(clustered(300, DIM, 5), ["m"] * 300, space="s", source="m")
    store.forget(entity="v3")
    index = index_of(store)
    before = index.position()
    with fed_ids(index, pages), pytest.raises(KeyboardInterrupt):
        store.search(np.ones((1, DIM)), k=1, space="s")
    assert index.position() == before
    after = engine_store()
    with fed_ids(index) as fed:
        agrees(after)
    assert len(fed) == len(set(fed)) == 300 - 64 * pages  # what was stored is not fed again
    assert index.position().seq > before.seq
    assert is_whole(after)
    agrees(store)


def test_rows_that_the_server_lost_or_kept_are_repaired(store, caplog):
    agrees(store)
    index = index_of(store)
    index.remove(np.arange(1, 40))
    assert "39 rows" in store.verify()[0].problems[0]
    store.add(np.eye(DIM)[:1], ["n"], space="s", source="z")
    agrees(store)
    assert is_whole(store)
    assert "lacked 39 rows and had 0 others" in caplog.text
    index.add(np.array([COUNT + 9]), np.eye(DIM, dtype=np.float32)[:1])
    assert len(store.search(np.eye(DIM)[:1], k=2, space="s")[0]) == 1  # the other is not live
    store.forget(entity="n")
    agrees(store)
    assert "lacked 0 rows and had 1 others" in caplog.text


def test_an_index_of_another_store_is_refused(store, connect, empty_graph, tmp_path):
    agrees(store)
    (tmp_path / "b").mkdir()
    other = tmp_path / "b" / "store.db"
    other.write_bytes(empty_graph.read_bytes())
    with Modeledge.open(other) as theirs:
        theirs.use_engine(server_engine.ServerEngine(connect()))
        theirs.add(np.eye(DIM)[:3], ["a"] * 3, space="s")
        with theirs.database.writing() as (sql, _):  # both stores were made in the same second
            sql.run("UPDATE modeledge_operation SET at = '2001-01-01T00:00:00+00:00'")
        with pytest.raises(ModeledgeError, match=r"another store.*name another collection"):
            theirs.search(np.ones((1, DIM)), space="s")
        theirs.build("s")  # replaces it
        assert len(theirs.search(np.ones((1, DIM)), space="s")[0]) == 3


def test_purge_leaves_no_vector(store, connect, engine_store):
    agrees(store)
    old = index_of(store)
    assert old.position() is not None
    store.purge(["v1"])
    assert old.position() is None
    agrees(store)
    assert not store.search(
        clustered(1, DIM, 7), k=COUNT, space="s", where=RecordFilter(value="v1")
    )[0]
    agrees(engine_store())
    with pytest.raises(ModeledgeError):  # as a process would that knows of no purge
        old.add(np.arange(1, 3), np.eye(DIM, dtype=np.float32)[:2])
    assert is_whole(store)


def test_kinds_that_servers_do_not_have(store):
    with pytest.raises(ModeledgeError, match="auto, hnsw, flat, not 'ivf'"):
        store.build("s", IndexConfig(kind="ivf"))
    agrees(store)


def test_a_missed_target_makes_search_exact(store, engine_store, monkeypatch):
    monkeypatch.setattr(server_engine, "_audit", lambda *_: 0.5)
    built = store.build("s", IndexConfig(kind="hnsw"))
    assert (built.audited, built.recall, built.wanted) == (0.5, 1.0, "hnsw")
    assert built.index.kind.endswith("-flat")
    other = engine_store()
    agrees(other)
    assert other.verify()[0].index.endswith("-flat")


def test_zero_and_parallel_vectors(engine_store):
    store = engine_store()
    vectors = np.array([[0, 0], [3, 4], [6, 8], [-3, -4]], np.float32)
    store.add(vectors, list("abcd"), space="s")
    hits = store.search(np.array([[30, 40]], np.float32), k=4, space="s")[0]
    assert [hit.score for hit in hits] == pytest.approx([1, 1, 0, -1], abs=1e-6)
    assert {hits[0].value, hits[1].value} == {"b", "c"}
