"""On SQLite and PostgreSQL: all kinds of search, filters, the past, and two stores."""

from contextlib import suppress

import numpy as np
import pytest
from modeledge_oracle import KINDS, best, clustered, held_by, is_whole, on_all

from kptm import ModeledgeError, Record
from kptm.modeledge import IndexConfig, RecordFilter

COUNT, DIM, K = 1_200, 8, 5
QUERIES = clustered(20, DIM, 9)
FLOOR = 0.9


def records():
    return [
        Record(kind="own", value=f"v{number % 2}", text=f"t{number % 3}") for number in range(COUNT)
    ]


def filled(store):
    said = records()
    vectors = clustered(COUNT, DIM, 1)
    return store.add(vectors, [r.value for r in said], space="s", source="x", records=said)


def recall(store, where=None, fits=lambda _: True):
    held = {entry.id: vector for entry, vector in store.entries("s") if fits(entry)}
    shares = []
    for query, hits in zip(
        QUERIES, store.search(QUERIES, k=K, space="s", where=where), strict=True
    ):
        wanted, right = best(query, held, K)
        found = {hit.id for hit in hits}
        assert len(found) == len(wanted)
        assert found <= set(held)
        shares.append(len(found & set(wanted)) / max(1, len(wanted)))
        if found == set(wanted):
            assert [hit.score for hit in hits] == pytest.approx(right, abs=1e-5)
    return np.mean(shares)


@on_all
@pytest.mark.parametrize("kind", KINDS)
def test_two_stores_and_every_kind(opened, kind):
    one, other = opened(), opened()
    filled(one)
    assert one.build("s", IndexConfig(kind=kind, target=0.0)).index.kind == kind
    where, fits = RecordFilter(value="v1", source="x"), lambda entry: entry.record.value == "v1"
    for store in (one, other):
        assert recall(store) >= FLOOR
        assert recall(store, where, fits) >= FLOOR
    gone = other.forget(text="t1").operation
    assert recall(one) >= FLOOR  # the other store does not find what one took out
    with pytest.raises(ModeledgeError):
        one.undo(gone + 1)
    one.undo(gone)
    assert len(held_by(other, "s")) == COUNT
    assert recall(other) >= FLOOR
    assert {hit.id for hit in other.search(QUERIES[:1], k=COUNT, space="s")[0]} == set(
        held_by(one, "s")
    )
    assert is_whole(one)
    assert is_whole(other)


@on_all
def test_the_past_and_the_purged(opened):
    one, other = opened(), opened()
    first = filled(one)
    gone = one.forget(text="t1").operation
    past = [{hit.id for hit in row} for row in other.search(
        QUERIES[:2], k=COUNT, space="s", where=RecordFilter(operation=first))]  # fmt: skip
    assert past == [set(range(1, COUNT + 1))] * 2
    now = {n for n in range(1, COUNT + 1) if (n - 1) % 3 != 1}
    assert {hit.id for hit in other.search(QUERIES[:1], k=COUNT, space="s")[0]} == now
    assert one.purge(["t2"])
    now = {n for n in now if (n - 1) % 3 != 2}
    for store in (one, other):
        found = store.search(QUERIES[:1], k=COUNT, space="s")[0]
        assert {hit.id for hit in found} == now
        found = store.search(QUERIES[:1], k=COUNT, space="s", where=RecordFilter(operation=first))[
            0
        ]
        assert {(hit.id - 1) % 3 for hit in found} == {0, 1}
        assert is_whole(store)
    one.undo(gone)
    assert recall(other) == 1


@on_all
def test_undone_rows_are_in_no_index(opened):
    one, other = opened(), opened()
    filled(one)
    recall(one)
    with suppress(KeyError), one.database.transaction():
        one.add(np.ones((2, DIM)), ["new", "new"], space="s")
        hits = one.search(np.ones((1, DIM)), k=2, space="s")[0]
        assert [hit.value for hit in hits] == ["new", "new"]
        assert recall(other) == 1  # nobody else sees it
        raise KeyError
    assert recall(one) == recall(other) == 1
    one.add(clustered(1, DIM, 5), ["other"], space="s")  # rows and operations of the same numbers
    assert recall(one) == recall(other) == 1
    assert is_whole(one)


@on_all
def test_who_attests_counts_at_once(opened, small_model):
    """A further source changes no row, but it changes which rows a filter keeps."""
    from test_modeledge_attested import TEXT

    from kptm.modeledge.sql.spaces import spaces_of

    one, other = opened(), opened()
    space = spaces_of(small_model)["cloze"]
    one.write(small_model, [TEXT], source="a")
    query = next(iter(held_by(one, space).values()))[None]
    where = RecordFilter(source="b")
    assert other.search(query, space=space, where=where) == [[]]
    one.write(small_model, [TEXT], source="b")
    assert len(other.search(query, space=space, where=where)[0]) == len(held_by(one, space))
    one.forget(source="b")
    assert other.search(query, space=space, where=where) == [[]]
