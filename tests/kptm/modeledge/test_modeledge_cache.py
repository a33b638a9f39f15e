"""Records that a search keeps in memory: never of another state, never more than so many."""

import shutil
from contextlib import suppress

import numpy as np
import pytest

from kptm import Modeledge
from kptm.modeledge import RecordFilter
from kptm.modeledge.record_cache import RecordCache
from kptm.modeledge.sql import oplog, record_rows

DIM = 8


@pytest.fixture
def opened(empty_graph, tmp_path):
    path, stores = tmp_path / "m.db", []
    shutil.copy(empty_graph, path)

    def another():
        stores.append(Modeledge.open(path))
        return stores[-1]

    yield another
    for store in stores:
        store.close()


@pytest.fixture
def fetched(monkeypatch):
    """The ids that each statement reads."""
    calls, real = [], record_rows.fetch

    def note(sql, ids, *, live=True):
        calls.append(list(ids))
        return real(sql, ids, live=live)

    monkeypatch.setattr(record_rows, "fetch", note)
    return calls


def values(store, query, k=3, **options):
    return [hit.value for hit in store.search(query[None], k=k, space="s", **options)[0]]


def test_a_row_is_read_once_until_something_changes(opened, fetched):
    store, other = opened(), opened()
    store.add(np.eye(DIM), list("abcdefgh"), space="s")
    first = store.search(np.eye(DIM)[:2], k=1, space="s")
    assert [hits[0].value for hits in first] == ["a", "b"]
    assert store.search(np.eye(DIM)[:3], k=1, space="s")[:2] == first
    assert fetched == [[1, 2], [3]]
    other.add(np.eye(DIM)[:1] * 2, ["i"], space="s")
    assert sorted(values(store, np.eye(DIM)[0], 2)) == ["a", "i"]
    assert fetched[2:] == [[1, 9]]


def test_changes_by_another_process_are_seen(opened):
    store, other = opened(), opened()
    store.add(np.eye(DIM), list("abcdefgh"), space="s", source="x")
    assert values(store, np.eye(DIM)[0], 1) == ["a"]
    other.forget(entity="a")
    assert "a" not in values(store, np.eye(DIM)[0], DIM)
    assert values(store, np.eye(DIM)[0], 1, where=RecordFilter(operation=1)) == ["a"]
    assert "a" not in values(store, np.eye(DIM)[0], DIM)
    other.undo(2)
    assert values(store, np.eye(DIM)[0], 1) == ["a"]


def test_what_is_rolled_back_was_never_found(opened):
    """Its ids and its operation are used again by the next writer."""
    store = opened()
    store.add(np.eye(DIM), list("abcdefgh"), space="s")
    far = np.full(DIM, 5.0)
    with suppress(KeyError), store.database.transaction():
        store.add(far[None], ["gone"], space="s")
        store.add(far[None], ["gone"], space="new")
        assert values(store, far, 1) == ["gone"]
        assert store.search(far[None], space="new")[0][0].value == "gone"
        raise KeyError
    assert "gone" not in values(store, far, DIM)
    store.add(far[None], ["kept"], space="s")
    assert values(store, far, 1) == ["kept"]
    assert store.search(far[None], space="new") == [[]]


def test_a_purge_leaves_nothing_in_memory(opened):
    store = opened()
    store.add(np.eye(DIM), ["secret", *"bcdefgh"], space="s")
    assert values(store, np.eye(DIM)[0], 1) == ["secret"]
    assert store._cache._records
    store.purge(["secret"])
    assert not store._cache._records
    assert "secret" not in values(store, np.eye(DIM)[0], DIM)


@pytest.mark.parametrize("most", [0, 1, 5, 100])
def test_no_more_records_than_allowed_are_in_memory(opened, most):
    """Oracle: the same rows read directly."""
    store = opened()
    store.add(np.eye(DIM), list("abcdefgh"), space="s")
    cache, rng = RecordCache(most), np.random.default_rng(most)
    with store.database.quick() as sql:
        state = oplog.state(sql)
        for _ in range(30):
            ids = set(rng.choice(np.arange(1, 9), rng.integers(1, 9), replace=False).tolist())
            found = cache.fetch(sql, ids, state)
            assert {number: found[number] for number in ids} == record_rows.fetch(sql, list(ids))
            assert len(cache._records) <= most


def test_a_thread_that_lags_behind_changes_nothing(opened, fetched):
    store = opened()
    store.add(np.eye(DIM), list("abcdefgh"), space="s")
    with store.database.quick() as sql:
        old = oplog.state(sql)
        store.forget(entity="a")
        new = oplog.state(sql)
        cache = RecordCache()
        assert sorted(cache.fetch(sql, [2, 3], new)) == [2, 3]
        assert sorted(cache.fetch(sql, [3, 4], old)) == [3, 4]
        assert sorted(cache.fetch(sql, [2, 3], new)) == [2, 3]
        assert (
            cache.space(sql, "s", old) == cache.space(sql, "s", new) != cache.space(sql, "t", new)
        )
    assert fetched == [[2, 3], [3, 4]]
