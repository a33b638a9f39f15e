"""Arrays that gain and lose rows, against a dictionary.

The search in them is compared with brute force.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from modeledge_oracle import best

from kptm.modeledge.vector_index.approximate_index import ApproximateIndex
from kptm.modeledge.vector_index.faiss_index import FaissIndex, nearest, nearest_of, unit
from kptm.modeledge.vector_index.flat_index import FlatIndex, merge

DIM = 3
STEPS = st.lists(
    st.tuples(st.booleans(), st.sets(st.integers(1, 60), max_size=20)), min_size=1, max_size=12
)


def vector(number):
    """A vector of its own for each id."""
    return unit(np.random.default_rng(number).normal(size=(1, DIM)).astype(np.float32))[0]


def walked(index, steps):
    """Add and remove rows as a replay does; return the rows that should be there."""
    held = {}
    for comes, numbers in steps:
        if comes:
            fresh = sorted(numbers - set(held))
            rows = np.array([vector(n) for n in fresh], np.float32).reshape(-1, DIM)
            index.add(np.array(fresh, np.int64), rows)
            held |= {number: vector(number) for number in fresh}
        else:
            index.remove(np.array(sorted(numbers), np.int64))
            held = {number: kept for number, kept in held.items() if number not in numbers}
        assert sorted(index.living.tolist()) == sorted(held)
        assert len(index) == len(held)
    return held


@given(steps=STEPS, k=st.integers(1, 70), capacity=st.integers(0, 30))
@settings(max_examples=60, deadline=None)
def test_flat_is_a_dictionary(steps, k, capacity):
    index = FlatIndex(DIM, capacity)
    held = walked(index, steps)
    assert index.ids.tolist() == sorted(held)
    assert all((index.rows[at] == held[n]).all() for at, n in enumerate(index.ids.tolist()))
    query = vector(0)
    for part in (None, index.ids % 2 == 0, index.ids < 0):
        mine = {
            n: v for n, v in held.items() if part is None or (n % 2 == 0 and not (part == 0).all())
        }
        if part is not None and not part.any():
            mine = {}
        for times in (1, 30):  # one by one, and many at once
            scores, places = index.search(np.repeat(query[None], times, 0), k, part)
            for row, at in zip(scores, places, strict=True):
                found = index.ids[at[at >= 0]].tolist()
                wanted, right = best(query, mine, k)
                assert sorted(found) == sorted(wanted)
                assert row[: len(right)] == pytest.approx(right, abs=1e-5)
                assert (at[len(right) :] == -1).all()


def test_equally_near_rows_are_ordered_by_id(monkeypatch):
    monkeypatch.setattr("kptm.modeledge.vector_index.flat_index.ROWS_PER_BLOCK", 7)
    index = FlatIndex(DIM)
    same = np.repeat(vector(0)[None], 40, 0)
    index.add(np.arange(1, 41), same)
    before = index.search(vector(0)[None], 10)[1]
    gone = np.array([2, 3, 11, 12, 13, 29, 40])
    index.remove(gone)
    index.add(gone, same[: len(gone)])
    assert index.ids.tolist() == list(range(1, 41))
    assert (index.search(vector(0)[None], 10)[1] == before).all()


@given(steps=STEPS)
@settings(max_examples=30, deadline=None)
def test_partial_is_a_dictionary(steps):
    index = ApproximateIndex(FaissIndex.train_empty("hnsw", vector(0)[None], 60))
    held = walked(index, steps)
    _, places = index.search(vector(0)[None], 60)
    found = index.ids[places[0][places[0] >= 0]].tolist()
    assert len(found) == len(set(found))
    assert set(found) <= set(held)


def test_changes_to_a_mapped_file_do_not_reach_it(tmp_path):
    rows = np.array([vector(n) for n in range(1, 9)])
    np.save(tmp_path / "rows.npy", rows)
    index = FlatIndex.over(np.arange(1, 9), np.load(tmp_path / "rows.npy", mmap_mode="c"))
    index.remove(np.array([1, 2]))
    index.add(np.array([9]), vector(9)[None])
    assert sorted(index.ids.tolist()) == [3, 4, 5, 6, 7, 8, 9]
    assert (np.load(tmp_path / "rows.npy") == rows).all()


@given(
    count=st.integers(0, 40),
    queries=st.integers(0, 4),
    k=st.integers(1, 12),
    seed=st.integers(0, 9),
)
@settings(max_examples=40, deadline=None)
def test_filtered_search_equals_search_in_the_allowed_rows_only(count, queries, k, seed):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(count, DIM)).astype(np.float32)
    asked = rng.normal(size=(queries, DIM)).astype(np.float32)
    allowed = rng.random(count) < 0.5
    scores, places = nearest_of(asked, rows, k, allowed)
    right, among = nearest(asked, rows[allowed], k)
    chosen = np.append(np.flatnonzero(allowed), -1)
    assert (places == chosen[among]).all()
    assert scores[places >= 0] == pytest.approx(right[among >= 0], abs=1e-5)


@given(k=st.integers(1, 9), seed=st.integers(0, 9))
def test_two_lists_of_the_best_become_one(k, seed):
    rng = np.random.default_rng(seed)
    scores = -np.sort(-rng.normal(size=(2, 2, k)).astype(np.float32), axis=2)
    places = rng.permutation(4 * k).reshape(2, 2, k)
    places[1, :, k // 2 :] = -1
    got = merge((scores[0], places[0]), (scores[1], places[1]), k)
    for row in range(2):
        pairs = [
            (-score, place)
            for part in range(2)
            for score, place in zip(scores[part, row], places[part, row], strict=True)
            if place >= 0
        ]
        assert got[1][row].tolist() == [place for _, place in sorted(pairs)[:k]]
