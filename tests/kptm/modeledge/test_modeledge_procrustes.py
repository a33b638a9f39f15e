"""Fitted rotations against known ones and SciPy's, and recall against sets."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import orthogonal_procrustes

from kptm import ModeledgeError
from kptm.modeledge.transfer.agreement import agreement, recall
from kptm.modeledge.transfer.procrustes import WAYS, best, fit
from kptm.modeledge.transfer.sampling import sample


def rotation(wide, rng, narrow=None):
    """Shape (narrow, wide), orthonormal rows."""
    return np.linalg.qr(rng.normal(size=(wide, wide)))[0][: narrow or wide]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 9), st.integers(0, 4), st.sampled_from(WAYS))
def test_a_rotation_is_found_again(seed, dim, wider, way):
    rng = np.random.default_rng(seed)
    old = rng.normal(size=(40, dim)).astype(np.float32)
    new = (old @ rotation(dim + wider, rng, dim)).astype(np.float32)
    if way.startswith("unit"):  # this way does not keep lengths
        old /= np.linalg.norm(old, axis=1, keepdims=True)
        new /= np.linalg.norm(new, axis=1, keepdims=True)
    turn = fit(old[:30], new[:30], way)
    np.testing.assert_allclose(turn(old[30:]), new[30:], atol=1e-5)
    np.testing.assert_allclose(turn.rotation @ turn.rotation.T, np.eye(dim), atol=1e-9)


def test_with_noise_it_is_scipys():
    rng = np.random.default_rng(0)
    old, new = rng.normal(size=(2, 50, 6)).astype(np.float32)
    wanted, total = orthogonal_procrustes(old.astype(np.float64), new.astype(np.float64))
    found = fit(old, new)
    np.testing.assert_allclose(found.rotation, wanted, atol=1e-6)
    assert found.scale == pytest.approx(total / (old.astype(np.float64) ** 2).sum())


def test_a_centred_map_finds_shift_and_scale():
    rng = np.random.default_rng(1)
    old = rng.normal(size=(60, 5)).astype(np.float32) + 7
    new = (3 * (old @ rotation(8, rng, 5)) - 20).astype(np.float32)
    np.testing.assert_allclose(fit(old, new, "centred")(old), new, atol=1e-3)
    assert best(old, new, recall).way == "centred"


def test_what_cannot_be_mapped_is_refused():
    with pytest.raises(ModeledgeError, match="narrower"):
        fit(np.ones((9, 4), np.float32), np.ones((9, 3), np.float32))
    for old, new in ((0, 0), (3, 2)):
        with pytest.raises(ModeledgeError, match="pairs"):
            fit(np.ones((old, 4), np.float32), np.ones((new, 4), np.float32))


def near(queries, among, row):
    """The ten nearest others of a row, by plain Python."""

    def cosine(one, other):
        return float(one @ other) / (math.sqrt(one @ one) * math.sqrt(other @ other))

    query = queries[row].astype(np.float64)
    order = sorted(
        (-cosine(query, vector.astype(np.float64)), place)
        for place, vector in enumerate(among)
        if place != row
    )
    return {place for _, place in order[:10]}


@pytest.mark.parametrize("noise", [0.0, 0.3, 9.0])
@pytest.mark.parametrize("count", [2, 7, 40])
def test_recall_is_that_of_sets(noise, count):
    rng = np.random.default_rng(count)
    encoded = rng.normal(size=(count, 8)).astype(np.float32)
    moved = encoded + noise * rng.normal(size=encoded.shape).astype(np.float32)
    values = [str(number % 5) for number in range(count)]
    shares, found, found_encoded = [], [], []
    for row in range(count):
        right, got = near(encoded, encoded, row), near(encoded, moved, row)
        shares.append(len(right & got) / len(right))
        if values.count(values[row]) > 1:
            found.append(any(values[place] == values[row] for place in got))
            found_encoded.append(any(values[place] == values[row] for place in right))
    measured = agreement(moved, encoded, values)
    assert measured.recall == pytest.approx(np.mean(shares))
    assert measured.count == count
    if found:
        assert measured.found == pytest.approx(np.mean(found))
        assert measured.found_encoded == pytest.approx(np.mean(found_encoded))
    else:
        assert math.isnan(measured.found)


def test_vectors_that_are_equal_count_as_each_other():
    encoded = np.ones((50, 3), np.float32)
    assert recall(np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32), encoded) == 1
    assert recall(encoded[:1], encoded[:1]) == 1


class Rows:
    """A transaction that knows one table."""

    def __init__(self, rows):
        self.rows = rows

    def values(self, _):
        return "()", None

    def stream(self, *_):
        return iter(self.rows)


class Room:
    id = 1


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 12), max_size=40),
    st.integers(0, 20),
    st.integers(0, 20),
    st.integers(0, 9),
)
def test_parts_of_a_sample_have_no_text_in_common(texts, held, others, seed):
    rows = list(enumerate(texts, 1))
    first, second, count = sample(Rows(rows), Room, ("mention",), held, others, seed)
    text = dict(rows)
    assert count == len(rows)
    assert set(first) | set(second) <= set(text)
    assert not {text[number] for number in first} & {text[number] for number in second}
    assert len(first) == min(held, len(rows) // 5 if others else len(rows))
    assert len(second) <= others
    assert (first, second) == sample(Rows(rows), Room, ("mention",), held, others, seed)[:2]
