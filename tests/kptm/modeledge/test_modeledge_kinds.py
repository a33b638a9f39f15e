"""Every kind of index against brute force: filters, deletions, undo, reopening, precision."""

import shutil

import numpy as np
import pytest
from modeledge_oracle import KINDS, best, clustered, held_by, is_whole

from kptm import Modeledge, Record
from kptm.modeledge import IndexConfig, RecordFilter

COUNT, DIM, K = 2_400, 16, 10
FLOOR = 0.9
"""Recall@10 that every kind has on clustered vectors, whatever is asked."""


def records():
    return [
        Record(
            kind="fact" if number % 3 else "own",
            value=f"v{number % 2}" if number % 40 else "rare",
            text=f"t{number % 5}",
            triple=("h", f"r{number % 4}", "t") if number % 3 else None,
        )
        for number in range(COUNT)
    ]


@pytest.fixture(scope="module", params=KINDS)
def made(request, empty_graph, tmp_path_factory):
    """A store on disk, the operations that filled it, and its kind of index; copied before use."""
    folder = tmp_path_factory.mktemp(request.param)
    shutil.copy(empty_graph, folder / "store.db")
    vectors, said = clustered(COUNT, DIM, 1), records()
    with Modeledge.open(folder / "store.db") as store:
        numbers = []
        for source, part in (("x", slice(0, 1_800)), ("y", slice(1_800, COUNT))):
            values = [record.value for record in said[part]]
            numbers.append(
                store.add(vectors[part], values, space="s", source=source, records=said[part])
            )
        built = store.build("s", IndexConfig(kind=request.param, target=0.0))
        assert built.index.kind == request.param
    return folder, numbers, request.param


@pytest.fixture
def filled(made, tmp_path):
    folder, numbers, kind = made
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    with Modeledge.open(tmp_path / "store.db") as store:
        assert store.verify()[0].index == kind
        yield store, numbers, kind


def agrees(store, kind, fits, where=None, k=K, exact=False):
    """Search and brute force over the rows that fit."""
    held = {e.id: v for e, v in store.entries("s") if fits(e)}
    queries = clustered(30, DIM, 7)
    shares = []
    for query, hits in zip(
        queries, store.search(queries, k=k, space="s", where=where), strict=True
    ):
        found, scores = [hit.id for hit in hits], [hit.score for hit in hits]
        wanted, right = best(query, held, k)
        assert len(found) == len(set(found)) == len(wanted)
        assert set(found) <= set(held)
        assert scores == sorted(scores, reverse=True)
        mine = dict(zip(*best(query, {number: held[number] for number in found}, k), strict=True))
        assert scores == pytest.approx([mine[number] for number in found], abs=1e-5)
        if exact or kind == "flat":
            assert found == wanted
            assert scores == pytest.approx(right, abs=1e-5)
        shares.append(len(set(found) & set(wanted)) / max(1, len(wanted)))
    assert np.mean(shares) >= FLOOR


WHERES = [
    (RecordFilter(kind="own"), lambda e: e.record.kind == "own"),
    (RecordFilter(source="y"), lambda e: "y" in e.sources),
    (RecordFilter(relation="r1"), lambda e: bool(e.record.triple) and e.record.triple[1] == "r1"),
    (RecordFilter(value="v1"), lambda e: e.record.value == "v1"),
    (RecordFilter(kind="fact", source="x", relation="r2", value="v0"),
     lambda e: e.record.kind == "fact" and "x" in e.sources
     and e.record.triple[1] == "r2" and e.record.value == "v0"),
]  # fmt: skip


def test_all_rows(filled):
    store, _, kind = filled
    agrees(store, kind, lambda _: True)


@pytest.mark.parametrize("number", range(len(WHERES)))
def test_filters(filled, number):
    store, _, kind = filled
    where, fits = WHERES[number]
    agrees(store, kind, fits, where)
    agrees(store, kind, fits, where, k=1)


@pytest.mark.usefixtures("many_inputs")
def test_a_narrow_filter_returns_all_its_rows(filled):
    store, _, kind = filled
    fits = WHERES[-1][1]
    rare = sum(fits(entry) for entry, _ in store.entries("s"))
    agrees(store, kind, fits, WHERES[-1][0], k=rare + 5, exact=True)
    agrees(store, kind, lambda e: e.record.value == "rare", RecordFilter(value="rare"), exact=True)
    assert store.search(clustered(2, DIM, 7), space="s", where=RecordFilter(value="nobody")) == [
        [],
        [],
    ]


def test_every_row_is_found_when_all_are_wanted(filled):
    store, _, _ = filled
    hits = store.search(clustered(1, DIM, 7), k=COUNT + 7, space="s")[0]
    assert {hit.id for hit in hits} == set(held_by(store, "s"))


@pytest.mark.usefixtures("many_inputs")
def test_deletion_undo_and_the_past(filled):
    store, (first, second), kind = filled
    gone = store.forget(source="y").operation
    agrees(store, kind, lambda _: True)
    assert store.search(clustered(3, DIM, 7), space="s", where=RecordFilter(source="y")) == [[]] * 3
    is_whole(store)
    for operation, wanted in ((first, range(1, 1_801)), (second, range(1, COUNT + 1)),
                              (gone, range(1, 1_801))):  # fmt: skip
        past = RecordFilter(operation=operation)
        hits = store.search(clustered(3, DIM, 7), k=COUNT, space="s", where=past)
        assert all({hit.id for hit in row} == set(wanted) for row in hits)
    store.undo(gone)
    agrees(store, kind, lambda _: True)
    agrees(store, kind, lambda e: "y" in e.sources, RecordFilter(source="y"))
    is_whole(store)


def test_more_than_half_is_dead(filled):
    store, _, kind = filled
    gone = store.forget(source="x").operation
    agrees(store, kind, lambda _: True, exact=True)  # with many dead rows, search is exact
    assert store.verify()[0].index == "flat"
    store.undo(gone)
    agrees(store, kind, lambda _: True)
    is_whole(store)


@pytest.mark.usefixtures("many_inputs")
def test_rows_after_the_snapshot_are_found(filled, tmp_path):
    store, _, kind = filled
    store.add(np.eye(DIM)[:3], ["v0", "new", "new"], space="s", source="z")
    for _ in range(2):
        agrees(
            store, kind, lambda e: e.record.value == "new", RecordFilter(value="new"), exact=True
        )
        agrees(store, kind, lambda _: True)
        hits = store.search(np.eye(DIM)[:3], k=1, space="s")
        assert [row[0].id for row in hits] == [COUNT + 1, COUNT + 2, COUNT + 3]
        is_whole(store)
        store.close()
        store = Modeledge.open(tmp_path / "store.db")
    store.close()


@pytest.mark.parametrize("kind", KINDS)
def test_half_precision(opened, kind):
    store = opened()
    vectors = clustered(1_500, 8, 3)
    store.add(vectors, ["v"] * len(vectors), space="s", precision="float16")
    rounded = vectors.astype(np.float16).astype(np.float32)
    for number, kept in held_by(store, "s").items():
        assert (kept == rounded[number - 1]).all()
    store.build("s", IndexConfig(kind=kind, target=0.0))
    agrees_with = dict(enumerate(rounded, 1))
    shares = []
    for query, hits in zip(vectors[:20], store.search(vectors[:20], k=K, space="s"), strict=True):
        wanted, _ = best(query, agrees_with, K)
        shares.append(len({hit.id for hit in hits} & set(wanted)) / K)
    assert np.mean(shares) >= (1 if kind == "flat" else FLOOR)
    is_whole(store)
