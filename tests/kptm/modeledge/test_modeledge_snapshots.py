"""Damaged snapshots are noticed and harmless; none holds what was purged or taken back."""

import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from modeledge_oracle import best, clustered, held_by, is_whole

from benchmarks.modeledge_parts.damage import DAMAGES, files_of
from kptm import Modeledge, ModeledgeError, Record
from kptm.modeledge import IndexConfig
from kptm.modeledge.vector_index import indexes, snapshots

COUNT, DIM = 1_200, 8
DAMAGED = ("flat", "hnsw", "ivf-sq8")


@pytest.fixture(scope="module", params=DAMAGED)
def written(request, empty_graph, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    shutil.copy(empty_graph, folder / "store.db")
    with Modeledge.open(folder / "store.db") as store:
        for seed, space in enumerate(("s", "other"), 1):
            store.add(clustered(COUNT, DIM, seed), ["v"] * COUNT, space=space)
            store.build(space, IndexConfig(kind=request.param, target=0.0))
    return folder


def finds_the_same(store, space="s"):
    held = held_by(store, space)
    queries = clustered(5, DIM, 9)
    for query, hits in zip(queries, store.search(queries, k=5, space=space), strict=True):
        assert [hit.id for hit in hits] == best(query, held, 5)[0]


@pytest.mark.usefixtures("many_inputs")
@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_reported_and_search_stays_right(written, tmp_path, name, caplog):
    for number, _ in enumerate(files_of(written / "store.db", "s")):
        folder = tmp_path / str(number)
        shutil.copytree(written, folder)
        mine, theirs = (files_of(folder / "store.db", space) for space in ("s", "other"))
        DAMAGES[name](mine[number], theirs[number])
        with Modeledge.open(folder / "store.db") as store:
            checks = {check.space: check for check in store.verify()}
            assert (checks["s"].snapshot, checks["other"].snapshot) == ("damaged", "whole")
            assert "snapshot" in checks["s"].problems[0]
            finds_the_same(store)
            store.build("s", IndexConfig(kind="flat"))
            assert is_whole(store)
            finds_the_same(store)
    assert "damaged" in caplog.text


def test_an_extra_file_and_a_lost_folder(written, tmp_path):
    shutil.copytree(written, tmp_path / "a")
    at = files_of(tmp_path / "a" / "store.db", "s")[0].parent
    (at / "more").write_bytes(b"")
    with Modeledge.open(tmp_path / "a" / "store.db") as store:
        assert [check.snapshot for check in store.verify()] == ["whole", "damaged"]
        shutil.rmtree(at.parent)
        assert [check.snapshot for check in store.verify()] == ["damaged", "damaged"]
    with Modeledge.open(tmp_path / "a" / "store.db") as store:
        finds_the_same(store)


def test_only_what_sql_names_is_kept(opened, place):
    store = opened()
    store.add(clustered(50, DIM, 1), ["v"] * 50, space="s")
    root = Path(f"{place}.index")
    root.mkdir()
    (root / "1-left").mkdir()
    (root / "notes").mkdir()
    for _ in range(3):
        store.build("s")
    names = {path.name for path in root.iterdir()}
    assert names == {"notes", files_of(place, "s")[0].parent.name}


def test_a_snapshot_that_cannot_be_written_is_an_error_and_hurts_nothing(opened, place):
    store = opened()
    store.add(clustered(50, DIM, 1), ["v"] * 50, space="s")
    Path(f"{place}.index").write_text("a file is in its way")
    with pytest.raises(ModeledgeError, match="snapshot"):
        store.build("s")
    finds_the_same(store)
    assert is_whole(store)


def test_closing_writes_a_snapshot_if_it_saves_time(opened, place, monkeypatch):
    monkeypatch.setattr(indexes, "MIN_SNAPSHOT_ROWS", 40)
    store = opened()
    store.add(clustered(50, DIM, 1), ["v"] * 50, space="s")
    store.search(clustered(1, DIM, 1), space="s")
    store.close()
    first = files_of(place, "s")
    store = opened()
    store.add(clustered(2, DIM, 2), ["v"] * 2, space="s")
    store.search(clustered(1, DIM, 1), space="s")
    store.close()
    assert files_of(place, "s") == first  # replaying two rows takes no time
    store = opened()
    store.add(clustered(9, DIM, 3), ["v"] * 9, space="s")
    finds_the_same(store)
    store.close()
    assert files_of(place, "s") != first
    finds_the_same(opened())


def test_purged_rows_are_in_no_later_snapshot_of_another_process(opened, place, monkeypatch):
    monkeypatch.setattr(indexes, "MIN_SNAPSHOT_ROWS", 3)
    secret = np.full((1, DIM), 0.123456, np.float32)
    kept = (secret / np.linalg.norm(secret)).astype(np.float32)
    for kind in ("flat", "hnsw"):
        store, other = opened(), opened()
        store.add(clustered(COUNT, DIM, 1), ["v"] * COUNT, space="s")
        record = Record(kind="own", value="secret", text="secret")
        store.add(secret, ["secret"], space="s", records=[record])
        other.build("s", IndexConfig(kind=kind, target=0.0))
        other.forget(entity="secret")
        other.add(clustered(COUNT, DIM, 3), ["v"] * COUNT, space="s")
        other.search(secret, space="s")
        assert store.purge(["secret"])
        other._indexes.save(other.spaces()[0])  # it does not know of the purge yet
        assert files_of(place, "s") == []
        other.search(secret, space="s")
        other.close()
        store.close()
        written = [path.read_bytes() for path in files_of(place, "s")]
        assert written
        assert not any(kept.tobytes() in content for content in written)


def test_an_open_transaction_makes_no_index(opened):
    store = opened()
    store.add(clustered(50, DIM, 1), ["v"] * 50, space="s")
    with store.database.transaction(), pytest.raises(ModeledgeError, match="transaction"):
        store.build("s")
    assert store.verify()[0].snapshot == "none"


def test_a_filter_in_a_transaction_that_was_taken_back_is_forgotten(opened):
    from kptm.modeledge import RecordFilter

    store = opened()
    store.add(np.eye(DIM), list("aabbccdd"), space="s", source="x")
    where = RecordFilter(value="a")
    with suppress(KeyError), store.database.transaction():
        store.forget(entity="a")
        assert store.search(np.eye(DIM)[:1], space="s", where=where) == [[]]
        raise KeyError
    assert len(store.search(np.eye(DIM)[:1], space="s", where=where)[0]) == 2
    store.forget(entity="b")  # an operation of the same number
    assert len(store.search(np.eye(DIM)[:1], space="s", where=where)[0]) == 2


def test_a_snapshot_is_read_by_checksum_alone(written, tmp_path):
    shutil.copytree(written, tmp_path / "a")
    with Modeledge.open(tmp_path / "a" / "store.db") as store, store.database.reading() as sql:
        told = {space.name: snapshots.of(sql, space) for space in store.spaces()}
        root = Path(f"{tmp_path}/a/store.db.index")
        assert snapshots.load(root, told["s"]) is not None
        mixed = snapshots.Snapshot(
            told["s"].kind, told["other"].folder, told["s"].seq, told["s"].sha256, 1.0
        )
        assert snapshots.load(root, mixed) is None
