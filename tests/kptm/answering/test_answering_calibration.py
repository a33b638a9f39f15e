"""Calibration curves, with scikit-learn's isotonic regression as the oracle."""

import itertools
import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from sklearn.isotonic import IsotonicRegression

from kptm import ConfigError
from kptm.answering.combination.p_calibration import (
    ANSWERS_PER_CHUNK,
    Curve,
    ProbabilityCalibration,
    pool_violators,
    threshold,
)

ROWS = st.lists(st.tuples(st.floats(0, 1), st.floats(0.5, 3)), min_size=1, max_size=40)


@given(ROWS)
def test_blocks_are_those_of_isotonic_regression(rows):
    rates, weights = map(np.array, zip(*rows, strict=True))
    places = np.arange(len(rows), dtype=float)
    at, rate = pool_violators(places, rates, weights)
    line = IsotonicRegression().fit_transform(places, rates, sample_weight=weights)
    assert (np.diff(at) > 0).all()
    assert (np.diff(rate) > 0).all()
    # The levels of the regression are the rates of the blocks, and the blocks preserve the sum.
    assert np.abs(line[:, None] - rate).min(1).max() < 1e-9
    assert np.abs(line[:, None] - rate).min(0).max() < 1e-9
    if np.diff(rate).min(initial=1) > 1e-6:  # levels that differ by more than rounding errors
        of_block = np.abs(line[:, None] - rate).argmin(1)
        sums = np.bincount(of_block, weights, len(rate))
        np.testing.assert_allclose(np.bincount(of_block, weights * places) / sums, at, atol=1e-9)


def test_an_overconfident_p_is_corrected():
    rng = np.random.default_rng(0)
    p = rng.uniform(0, 1, 20_000)
    right = rng.uniform(size=20_000) < p**2
    curve = Curve.fit(p.tolist(), right.tolist())
    for value in np.linspace(0.05, 0.95, 10):
        assert curve.of(value) == pytest.approx(value**2, abs=0.06)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=ANSWERS_PER_CHUNK, max_size=60))
def test_a_curve_rises_and_stays_between_0_and_1(rows):
    curve = Curve.fit([row[0] for row in rows], [row[1] for row in rows])
    rates = [curve.of(value) for value in np.linspace(0, 1, 50)]
    assert all(a <= b + 1e-12 for a, b in itertools.pairwise(rates))
    assert rates[0] >= 0
    assert rates[-1] <= 1


def test_ten_right_answers_do_not_give_rate_1():
    curve = Curve.fit([0.5] * 10 + [0.9] * 10, [False, True] * 5 + [True] * 10)
    assert curve.of(0.9) == pytest.approx((10 + 0.75) / 11)


def test_few_answers_give_the_default_curve():
    assert Curve.fit([0.5] * (ANSWERS_PER_CHUNK - 1), [True] * (ANSWERS_PER_CHUNK - 1)) == Curve()
    assert Curve().of(0.3) == pytest.approx(0.3)


def test_answers_with_modeledge_have_their_own_curve():
    p = [0.9] * 40
    right = [True] * 20 + [False] * 20
    fitted = ProbabilityCalibration.fit(p, right, right)
    assert fitted.of(0.9, with_store=True) == 1
    assert fitted.of(0.9, with_store=False) == 0
    assert ProbabilityCalibration.from_dict(json.loads(json.dumps(asdict(fitted)))) == fitted


@pytest.mark.parametrize(
    ("p", "rate"),
    [((0.0,), ()), ((), ()), ((0.0, 1.0), (1.0, 0.0)), ((1.0, 0.0), (0.0, 1.0)), ((0.0,), (2.0,))],
)
def test_invalid_curves_are_refused(p, rate):
    with pytest.raises(ConfigError):
        Curve(p=p, rate=rate)


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9]), st.booleans()), max_size=60))
def test_a_threshold_is_the_lowest_with_the_precision(rows):
    p, right = [row[0] for row in rows], [row[1] for row in rows]
    fitting = []
    for at in sorted(set(p)):
        kept = [ok for value, ok in rows if value >= at]
        # With a true rate of .6, so many hits or more would have a probability above .1.
        if binom.sf(sum(kept) - 1, len(kept), 0.6) <= 0.1:
            fitting.append(at)
    assert threshold(p, right, 0.6) == min(fitting, default=float("inf"))


def test_few_right_answers_give_no_threshold():
    assert threshold([0.9] * 5, [True] * 5, 0.95) == float("inf")
    assert threshold([0.9] * 60, [True] * 60, 0.95) == 0.9
    assert threshold([], [], 0.95) == float("inf")
