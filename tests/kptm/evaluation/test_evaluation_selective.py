"""Calibration error and risk–coverage, compared with a second implementation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kptm.evaluation.answers.selective_answers import (
    BINS,
    bootstrap_interval,
    calibration_error,
    calibration_error_by_mass,
    risk_coverage_area,
)

ANSWERS = st.lists(
    st.tuples(st.floats(0, 1).map(lambda x: round(x, 3)), st.booleans()), min_size=1, max_size=80
)


def columns(answers):
    return [row[0] for row in answers], [float(row[1]) for row in answers]


@given(ANSWERS)
def test_calibration_error_bin_by_bin(answers):
    total = 0.0
    for number in range(BINS):
        low, high = number / BINS, (number + 1) / BINS
        inside = [x for x in answers if low < x[0] <= high or (number == 0 and x[0] == 0)]
        if inside:
            gap = np.mean([x[1] for x in inside]) - np.mean([x[0] for x in inside])
            total += len(inside) / len(answers) * abs(gap)
    assert calibration_error(*columns(answers)) == pytest.approx(total)


@given(ANSWERS)
def test_bins_of_equal_mass(answers):
    order = sorted(answers, key=lambda x: x[0])
    small, more = divmod(len(order), BINS)
    total, at = 0.0, 0
    for number in range(BINS):
        part = order[at : at + small + (number < more)]
        at += len(part)
        total += abs(sum(x[1] - x[0] for x in part)) / len(order)
    assert calibration_error_by_mass(*columns(answers)) == pytest.approx(total)


def test_risk_of_the_surest_by_hand():
    # Sure and right, sure and wrong, unsure and right: risks 0/1, 1/2, 1/3.
    assert risk_coverage_area([0.9, 0.8, 0.1], [1, 0, 1]) == pytest.approx((0 + 1 / 2 + 1 / 3) / 3)


@given(ANSWERS)
def test_the_order_of_equal_confidences_does_not_matter(answers):
    p, right = columns(answers)
    area = risk_coverage_area(p, right)
    assert area == pytest.approx(risk_coverage_area(p[::-1], right[::-1]))
    order = sorted(range(len(p)), key=lambda number: -p[number])
    share = {
        value: np.mean([r for q, r in zip(p, right, strict=True) if q == value]) for value in p
    }
    wrong = [1 - share[p[number]] for number in order]
    risks = [sum(wrong[: n + 1]) / (n + 1) for n in range(len(wrong))]
    assert area == pytest.approx(np.mean(risks))


def test_no_answers_give_no_figure():
    for measure in (calibration_error, calibration_error_by_mass, risk_coverage_area):
        assert math.isnan(measure([], []))


def test_resampling_keeps_rows_together():
    rows = np.array([[0.0, 1.0], [1.0, 0.0]] * 50)
    found = bootstrap_interval(
        lambda table: float((table[:, 0] + table[:, 1]).mean()), rows, times=50
    )
    assert (found.mean, found.low, found.high, found.count) == (1.0, 1.0, 1.0, 100)
    mean = bootstrap_interval(lambda table: float(table[:, 0].mean()), rows, times=400)
    assert mean.low == pytest.approx(0.5 - 1.96 * 0.05, abs=0.03)
    assert mean == bootstrap_interval(lambda table: float(table[:, 0].mean()), rows, times=400)
