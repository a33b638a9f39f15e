"""An index in shards finds what brute force and one index find, and is built shard by shard."""

import shutil
from contextlib import suppress

import numpy as np
import pytest
from modeledge_oracle import KINDS, best, clustered, cosine, filled, held_by, is_whole, on_all

from kptm import ConfigError, Modeledge, Record
from kptm.modeledge import IndexConfig, RecordFilter
from kptm.modeledge.engines.engine_config import EngineConfig
from kptm.modeledge.engines.shard_folders import ShardFolders
from kptm.modeledge.engines.sharded_engine import ShardedEngine
from kptm.modeledge.engines.sharded_index import ShardedIndex, ShardSettings, VectorShard
from kptm.modeledge.vector_index import build_index
from kptm.modeledge.vector_index.faiss_index import unit
from kptm.modeledge.vector_index.flat_index import FlatIndex
from kptm.modeledge.vector_index.index_protocol import Allowed

COUNT, DIM, K, ROWS = 400, 8, 10, 150
SHARDS = 3
"""Ids begin at 1: the shards have 149, 150 and 101 rows."""


def records():
    return [
        Record(kind="own", value=f"v{number % 7}", text=f"t{number % 5}") for number in range(COUNT)
    ]


@pytest.fixture
def sharded(place, tmp_path):
    """A function that opens the store in shards once more, as a new process would."""
    opened = []

    def make(rows=ROWS):
        store = Modeledge.open(place)
        root = tmp_path / "shards"
        store.use_engine(ShardedEngine(store.database, root, rows))
        opened.append(store)
        return store

    yield make
    for store in opened:
        store.close()


@pytest.fixture
def store(sharded, monkeypatch):
    """A filled store; it has few rows, so that few are held out."""
    monkeypatch.setattr(build_index, "MAX_EXACT_VECTORS", 50)
    return filled(sharded(), clustered(COUNT, DIM, 1), records())


@pytest.fixture
def builds(monkeypatch):
    """The first and last id of each shard that was built."""
    built, real = [], build_index.build_rows

    def build_rows(sql, space, config, ids, *rest):
        built.append((int(ids[0]), int(ids[-1])))
        return real(sql, space, config, ids, *rest)

    monkeypatch.setattr(build_index, "build_rows", build_rows)
    return built


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


def write(store):
    """Write the shards that have changed."""
    store._indexes.save(store.spaces()[0])


def shards_of(store):
    return store._indexes._cached[1].index.shards


@on_all
@pytest.mark.parametrize("kind", KINDS[:-1])
def test_after_every_kind_of_change_as_brute_force_and_as_one_index(store, sharded, place, kind):
    built = store.build("s", IndexConfig(kind=kind, target=0.0))
    assert built.index.kind == kind
    assert built.recall >= 0.95
    one = Modeledge.open(place)
    queries = clustered(12, DIM, 9)

    def is_same():
        agrees(store)
        ours, theirs = (each.search(queries, k=K, space="s") for each in (store, one))
        assert [[hit.id for hit in row] for row in ours] == [
            [hit.id for hit in row] for row in theirs
        ]

    is_same()
    gone = store.forget(source="y").operation
    is_same()
    added = store.add(np.eye(DIM)[:3], ["v0", "new", "new"], space="s", source="z")
    is_same()
    store.undo(gone)
    is_same()
    store.undo(added)
    is_same()
    assert is_whole(store)
    other = sharded()
    agrees(other)
    assert is_whole(other)
    one.close()


def test_product_quantisation_which_needs_more_rows(place, tmp_path):
    with Modeledge.open(place) as store:
        store.use_engine(ShardedEngine(store.database, tmp_path / "shards", 1_300))
        store.add(clustered(2_500, DIM, 1), ["v"] * 2_500, space="s")
        assert store.build("s", IndexConfig(kind="ivf-pq", target=0.0)).index.kind == "ivf-pq"
        held = held_by(store, "s")
        for query, hits in zip(
            clustered(20, DIM, 3), store.search(clustered(20, DIM, 3), k=K, space="s"), strict=True
        ):
            wanted, _ = best(query, held, K)
            assert len({hit.id for hit in hits} & set(wanted)) >= K - 1
            right = cosine([query], [held[hit.id] for hit in hits])[0]
            assert [hit.score for hit in hits] == pytest.approx(right, abs=1e-5)


@pytest.mark.parametrize("kind", ["flat", "hnsw", "ivf-sq8"])
def test_filters(store, kind):
    store.build("s", IndexConfig(kind=kind, target=0.0))
    wheres = [
        (RecordFilter(value="v1"), lambda entry: entry.record.value == "v1"),
        (RecordFilter(source="x"), lambda entry: "x" in entry.sources),
        (RecordFilter(source="y"), lambda entry: "y" in entry.sources),
        (RecordFilter(value="nobody"), lambda _: False),
    ]
    for _ in range(2):
        for where, fits in wheres:
            agrees(store, fits, where)
            agrees(store, fits, where, k=1)
        store.forget(source="x")


def test_every_row_is_found_when_all_are_wanted(store):
    store.build("s", IndexConfig(kind="hnsw"))
    hits = store.search(clustered(1, DIM, 7), k=COUNT + 7, space="s")[0]
    assert {hit.id for hit in hits} == set(held_by(store, "s"))


def test_the_merge_is_exact_for_any_division(monkeypatch):
    rng = np.random.default_rng(3)
    for rows in (1, 2, 7, 1000):
        vectors = unit(rng.integers(-1, 2, (60, 3)).astype(np.float32))  # many equal ones
        ids = np.sort(rng.choice(500, 60, replace=False)).astype(np.int64)
        index = ShardedIndex(3, rows, ShardSettings())
        index.add(ids, vectors)
        index.remove(ids[::5])
        alive = np.ones(60, bool)
        alive[::5] = False
        assert np.array_equal(index.living, ids[alive])
        assert index.has(ids).tolist() == alive.tolist()
        whole = FlatIndex(3)
        whole.add(ids[alive], vectors[alive])
        queries = unit(rng.normal(size=(5, 3)).astype(np.float32))
        allowed = ids[rng.random(60) < 0.5]
        for k in (1, 4, 100):
            for only in (None, allowed):
                mask = alive if only is None else alive & np.isin(ids, only)
                right = np.sort(queries @ vectors[mask].T, axis=1)[:, ::-1][:, :k]
                given = None if only is None else Allowed(only)
                scores, found = index.search_ids(queries, k, given)
                assert scores[:, : right.shape[1]] == pytest.approx(right, abs=1e-6)
                assert (found[:, right.shape[1] :] == -1).all()
                assert set(found[found >= 0]) <= set(ids[mask])
                again, _ = whole.search_ids(queries, k, given and Allowed(only))
                assert again[:, : right.shape[1]] == pytest.approx(right, abs=1e-6)


def test_a_new_process_reads_the_shards_and_replays_the_log(store, sharded, builds):
    store.build("s", IndexConfig(kind="hnsw"))
    assert builds == [(1, 149), (150, 299), (300, 400)]
    builds.clear()
    other = sharded()
    agrees(other)
    assert builds == []
    store.forget(text="t1")
    store.add(np.eye(DIM)[:2], ["new", "new"], space="s")
    agrees(other)
    agrees(sharded())
    assert builds == []
    assert {shard.index.kind for shard in shards_of(other).values()} == {"hnsw"}


class Stopped(BaseException):
    """Stands for a kill: no function catches it."""


@pytest.mark.parametrize("count", range(SHARDS))
@pytest.mark.parametrize("part", ["build_rows", "save"])
def test_a_killed_build_is_continued(store, sharded, builds, monkeypatch, count, part):
    agrees(store)
    with monkeypatch.context() as patch:
        owner = build_index if part == "build_rows" else ShardFolders
        calls, real = iter(range(count)), getattr(owner, part)

        def stopped(*given):
            if next(calls, None) is None:
                raise Stopped
            return real(*given)

        patch.setattr(owner, part, stopped)
        with pytest.raises(Stopped):
            store.build("s", IndexConfig(kind="ivf"))
    searcher = sharded()
    agrees(searcher)  # with the shards of before
    builds.clear()
    again = sharded()
    built = again.build("s", IndexConfig(kind="ivf"))
    assert len(builds) == SHARDS - count
    assert built.index.kind == "ivf"
    assert {shard.index.kind for shard in shards_of(again).values()} == {"ivf"}
    agrees(again)
    builds.clear()
    again.build("s", IndexConfig(kind="ivf"))  # one that has ended is not continued
    assert len(builds) == SHARDS


def test_a_shard_that_lost_many_rows_is_built_anew_alone(store, sharded, builds):
    store.build("s", IndexConfig(kind="hnsw"))
    before = {number: shard.index for number, shard in shards_of(store).items()}
    builds.clear()
    gone = store.forget(source="y").operation  # ids from 301 on
    agrees(store)
    assert builds == [(300, 300)]
    after = {number: shard.index for number, shard in shards_of(store).items()}
    assert [number for number in before if before[number] is not after.get(number)] == [2]
    store.undo(gone)
    agrees(store)
    agrees(sharded())


def test_a_shard_without_rows_is_deleted(store, sharded, tmp_path):
    new = store.add(clustered(200, DIM, 2), ["a"] * 200, space="s", source="z")  # ids from 401 on
    store.build("s", IndexConfig(kind="hnsw"))
    folder = tmp_path / "shards" / "1-shard_3"
    assert folder.is_dir()
    gone = store.forget(source="z").operation
    agrees(store)
    assert not folder.exists()
    agrees(sharded())
    store.undo(gone)
    agrees(store)
    store.undo(new)
    agrees(store)


def test_a_shard_begun_by_new_rows_gets_its_kind_when_it_is_full(store, builds):
    store.build("s", IndexConfig(kind="hnsw"))
    builds.clear()
    vectors = clustered(250, DIM, 2)
    store.add(vectors[:50], ["a"] * 50, space="s")  # the end of shard 2, and the begin of 3
    agrees(store)
    assert shards_of(store)[3].index.kind == "flat"
    assert builds == []
    store.add(vectors[50:], ["b"] * 200, space="s")
    agrees(store)
    assert builds == [(450, 599)]
    kinds = [shard.index.kind for _, shard in sorted(shards_of(store).items())]
    assert kinds == ["hnsw"] * 4 + ["flat"]


def test_only_changed_shards_are_written(store, tmp_path):
    store.build("s", IndexConfig(kind="hnsw"))

    def written():
        return {path.parent.name: path.stat().st_mtime_ns
                for path in (tmp_path / "shards").glob("*/shard.json")}  # fmt: skip

    before = written()
    assert len(before) == SHARDS
    store.add(np.eye(DIM)[:2], ["new", "new"], space="s")
    agrees(store)
    write(store)
    after = written()
    assert [name for name in after if after[name] != before[name]] == ["1-shard_2"]


@pytest.mark.parametrize("name", ["index.faiss", "ids.npy", "alive.npy", "shard.json"])
def test_a_damaged_shard_is_built_anew_alone(store, sharded, builds, tmp_path, name):
    store.build("s", IndexConfig(kind="hnsw"))
    builds.clear()
    path = tmp_path / "shards" / "1-shard_1" / name
    content = path.read_bytes()
    path.write_bytes(content[:-3] + bytes([content[-3] ^ 1]) + content[-2:])
    if name == "shard.json":
        path.write_bytes(content[: len(content) // 2])
    agrees(sharded())
    assert builds == [(150, 299)]
    path.unlink()
    builds.clear()
    agrees(sharded())
    assert builds == [(150, 299)]


def test_another_number_of_rows_or_another_store_builds_anew(
    store, sharded, builds, place, tmp_path
):
    store.build("s", IndexConfig(kind="hnsw"))
    builds.clear()
    agrees(sharded(rows=200))
    assert builds == [(1, 199), (200, 399), (400, 400)]
    other = Modeledge.open(tmp_path / "other.db")
    other.add(clustered(50, DIM, 5), ["v"] * 50, space="s")
    with other.database.writing() as (sql, _):
        sql.run("UPDATE modeledge_operation SET at = '2020-01-01T00:00:00+00:00'")
    other.use_engine(ShardedEngine(other.database, tmp_path / "shards", 200))
    builds.clear()
    agrees(other)
    assert builds == [(1, 50)]
    other.close()


def test_a_purge_leaves_no_shard(store, sharded, tmp_path):
    store.build("s", IndexConfig(kind="hnsw"))
    other = sharded()
    agrees(other)
    other.add(np.eye(DIM)[:1], ["new"], space="s")
    agrees(other)
    root = tmp_path / "shards"
    assert len(list(root.iterdir())) == SHARDS
    assert store.purge(["t2"])
    assert not list(root.iterdir())
    write(other)  # it has purged rows in memory
    assert not list(root.iterdir())
    for each in (store, other):
        agrees(each)
        assert is_whole(each)


def test_an_undone_transaction_is_in_no_shard(store):
    agrees(store)
    with suppress(KeyError), store.database.transaction():
        store.add(np.eye(DIM)[:1], ["new"], space="s")
        assert store.search(np.eye(DIM)[:1], k=1, space="s")[0][0].value == "new"
        raise KeyError
    agrees(store)


def test_recall_is_the_mean_of_the_shards_by_their_rows():
    index = ShardedIndex(2, 10, ShardSettings())
    assert index.recall == index.audited == 1.0
    for number, count, recall in ((0, 9, 1.0), (1, 3, 0.6)):
        flat = FlatIndex(2)
        flat.add(np.arange(count) + 10 * number, np.ones((count, 2), np.float32))
        index.shards[number] = VectorShard(flat, ShardSettings(), recall, recall)
    assert index.recall == pytest.approx(0.9)
    assert index.audited == pytest.approx(0.9)


def test_by_settings_beside_a_snapshot_of_one_index(tmp_path):
    place = tmp_path / "m.db"
    config = EngineConfig(shard_rows=ROWS)
    with Modeledge.open(place) as store:
        store.add(clustered(COUNT, DIM, 1), ["v"] * COUNT, space="s")
        store.build("s", IndexConfig(kind="flat"))
    root = next(path for path in tmp_path.iterdir() if path.is_dir())
    assert len(list(root.iterdir())) == 1
    with Modeledge.open(place, engine=config) as store:
        agrees(store)
        assert sorted(path.name for path in root.iterdir()) == [
            f"1-shard_{number}" for number in range(SHARDS)
        ]
    with Modeledge.open(place) as store:  # one index again
        agrees(store)
    shutil.rmtree(root)
    with Modeledge.open(place, engine=config) as store:
        agrees(store)
    for wrong in ({"shard_rows": -1}, {"shard_rows": 5, "engine": "pgvector"}):
        with pytest.raises(ConfigError, match="shard_rows"):
            EngineConfig(**wrong)
