"""After any changes, the replayed index and a newly made one equal the rows."""

import shutil
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from modeledge_oracle import KINDS, best, held_by, is_whole

from kptm import Modeledge, ModeledgeError, Record
from kptm.modeledge import IndexConfig, RecordFilter
from kptm.modeledge.vector_index import build_index
from kptm.modeledge.vector_index.indexes import Indexes

SOURCES = st.sampled_from(["", "x", "y"])
VALUES = st.sampled_from("ab")
DIM = 4


class Replay(RuleBasedStateMachine):
    """Two stores on one file, and a dict: id → [vector, value, source, lives, last operation]."""

    template = None
    folder = None
    count = 0

    def __init__(self):
        super().__init__()
        Replay.count += 1
        self.path = self.folder / f"{Replay.count}.db"
        shutil.copy(self.template, self.path)
        self.stores = [Modeledge.open(self.path) for _ in range(2)]
        self.rows = {}
        self.brought = {}  # operation → ids that it added or restored
        self.rng = np.random.default_rng(Replay.count)

    def turned(self, operation, ids, lives):
        for number in ids:
            self.rows[number][3:] = [lives, operation]
        if lives:
            self.brought.setdefault(operation, set()).update(ids)

    @rule(values=st.lists(VALUES, min_size=1, max_size=6), source=SOURCES, which=st.integers(0, 1))
    def add(self, values, source, which):
        vectors = self.rng.normal(size=(len(values), DIM)).astype(np.float32)
        records = [
            Record(kind="own", value=value, text=f"{source} {number}")
            for number, value in enumerate(values)
        ]
        number = self.stores[which].add(vectors, values, space="s", source=source, records=records)
        first = max(self.rows, default=0) + 1
        for at, (vector, value) in enumerate(zip(vectors, values, strict=True), first):
            self.rows[at] = [vector, value, source, True, number]
        self.turned(number, range(first, first + len(values)), True)

    @rule(value=VALUES, which=st.integers(0, 1))
    def forget_value(self, value, which):
        gone = [number for number, row in self.rows.items() if row[1] == value and row[3]]
        receipt = self.stores[which].forget(entity=value)
        assert receipt.rows_removed == len(gone)
        self.turned(receipt.operation, gone, False)

    @rule(data=st.data(), which=st.integers(0, 1))
    def undo(self, data, which):
        store = self.stores[which]
        newest = store.newest_operation()
        number = data.draw(st.integers(max(1, newest - 4), max(1, newest)))
        goes = [at for at in self.brought.get(number, ()) if self.rows[at][3]]
        comes = [at for at, row in self.rows.items() if not row[3] and row[4] == number]
        if not goes and not comes:
            with suppress(ModeledgeError):  # it may have no source left
                receipt = store.undo(number)
                assert (receipt.rows_added, receipt.rows_removed) == (0, 0)
            return
        receipt = store.undo(number)
        assert (receipt.rows_added, receipt.rows_removed) == (len(comes), len(goes))
        self.turned(receipt.operation, goes, False)
        self.turned(receipt.operation, comes, True)

    @precondition(lambda self: self.rows)
    @rule(kind=st.sampled_from(KINDS[:-1]), which=st.integers(0, 1))
    def snapshot(self, kind, which):
        self.stores[which].build("s", IndexConfig(kind=kind, target=0.0))

    @rule(which=st.integers(0, 1))
    def reopen(self, which):
        self.stores[which].close()
        self.stores[which] = Modeledge.open(self.path)

    @rule(values=st.lists(VALUES, min_size=1, max_size=3), which=st.integers(0, 1))
    def taken_back_as_a_whole(self, values, which):
        store = self.stores[which]
        with suppress(KeyError), store.database.transaction():
            store.add(np.full((len(values), DIM), 9, np.float32), values, space="s")
            live = sum(row[3] for row in self.rows.values())
            held = store.search(np.ones((1, DIM)), k=len(self.rows) + 9, space="s")
            assert len(held[0]) == live + len(values)
            store.forget(entity="a")
            found = store.search(np.ones((1, DIM)), k=9, space="s", where=RecordFilter(value="a"))
            assert found == [[]]
            raise KeyError

    @invariant()
    def the_index_is_the_rows(self):
        live = {number: row[0] for number, row in self.rows.items() if row[3]}
        for store in self.stores:
            assert {n: v.tolist() for n, v in held_by(store, "s").items()} == {
                n: v.tolist() for n, v in live.items()
            }
            for space in store.spaces():
                index = store._indexes.current(space).index
                anew = Indexes(store.database, None).current(space).index
                assert sorted(index.living) == sorted(anew.living) == sorted(live)
                if index.kind == "flat":
                    assert (index.rows[np.argsort(index.ids)] == anew.rows).all()
            query = np.arange(1, DIM + 1, dtype=np.float32)
            for value in (None, "a"):
                fits = {n: v for n, v in live.items() if value in (None, self.rows[n][1])}
                where = RecordFilter(value=value)
                hits = store.search(query[None], k=3, space="s", where=where)[0]
                wanted, right = best(query, fits, 3)
                assert len(hits) == len(wanted)
                assert {hit.id for hit in hits} <= set(fits)
                if store.spaces() and store.verify()[0].index == "flat":
                    assert [hit.score for hit in hits] == pytest.approx(right, abs=1e-5)

    def teardown(self):
        assert is_whole(self.stores[0])
        for store in self.stores:
            store.close()


def test_replaying_equals_making_the_index_anew(empty_graph, tmp_path, monkeypatch):
    monkeypatch.setattr(
        build_index, "MAX_EXACT_VECTORS", 4
    )  # so that few rows have every kind of index
    monkeypatch.setattr("kptm.modeledge.vector_index.indexes.MIN_SNAPSHOT_ROWS", 3)
    Replay.template, Replay.folder = empty_graph, tmp_path
    run = Replay.TestCase
    run.settings = settings(
        max_examples=15,
        stateful_step_count=14,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run("runTest").runTest()
