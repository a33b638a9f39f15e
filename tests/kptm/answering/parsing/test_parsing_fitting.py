"""Fitting the weights: the gradient by finite differences, and hand-made candidates."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from kptm.answering.parsing.model import DEFAULT, NONE, ReadingModel
from kptm.answering.parsing.training.likelihood import Example, _table, fit, loss


@dataclass
class Made:
    """A stand-in for a candidate, with the attributes that fitting reads."""

    features: dict[str, float]
    predicates: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    score: float = 0.0
    derivation: object = field(default=None)


EXAMPLES = [
    Example([Made({"name": 1.0}, ("r>",), ("who",)), Made({"hops": 2.0}, ("s>",), ("who",))],
    [1.0, 0.0]), Example([Made({"name": 0.5, "hops": 1.0}, ("s>",), ("what",))], [0.0]),
    Example([Made({"hops": 1.0}, ("r>",), ("what",)), Made({"name": 1.0}, ("s>",), ("what",))],
    [0.0, 0.6]),
]  # fmt: skip


@pytest.fixture
def problem():
    names, own = sorted(DEFAULT), {}
    table = _table(EXAMPLES, names, own)
    rng = np.random.default_rng(0)
    size = len(names) + len(own)
    return table, rng.normal(size=size), rng.normal(size=size), rng.uniform(0.5, 2, size=size)


def test_the_gradient_agrees_with_finite_differences(problem):
    table, weights, guess, precision = problem
    _, gradient = loss(weights, table, guess, precision)
    step = 1e-6
    for at in range(len(weights)):
        up, down = weights.copy(), weights.copy()
        up[at] += step
        down[at] -= step
        slope = (loss(up, table, guess, precision)[0] - loss(down, table, guess, precision)[0]) / (
            2 * step
        )
        assert gradient[at] == pytest.approx(slope, abs=1e-5)


def test_the_loss_is_that_of_the_formula():
    names = sorted(DEFAULT)
    table = _table(EXAMPLES[:1], names, None)
    weights = np.zeros(len(names))
    weights[names.index("name")], weights[names.index(NONE)] = 2.0, -1.0
    # The scores are 2, 0 and -1, and the first candidate is right.
    p = np.exp(2) / (np.exp(2) + np.exp(0) + np.exp(-1))
    value, _ = loss(weights, table, weights, np.ones(len(names)))
    assert value == pytest.approx(-np.log(p))


def test_the_row_for_no_candidate_is_right_if_no_candidate_is_right():
    table = _table(EXAMPLES, sorted(DEFAULT), None)
    assert table.right.tolist() == [1.0, 0.0, 0.0, 0.0, 1.0, 0.6, 0.0, 0.0]
    assert table.sizes.tolist() == [3, 2, 3]


def test_fitting_learns_the_word_of_the_right_candidate():
    right = Made({"hops": 1.0}, ("capital>",), ("govern",))
    wrong = Made({"hops": 1.0}, ("borders>",), ("govern",))
    model = fit([Example([wrong, right], [0.0, 1.0])] * 5, ReadingModel())
    assert model.learnt["capital>"]["govern"] > 0.3 > 0 > model.learnt["borders>"]["govern"]
    assert "govern" in model.explains["capital>"]
    assert model.count == 5
    assert fit([Example([wrong, right], [0.0, 1.0])], ReadingModel(), learnt=False).learnt == {}
    again = fit([Example([wrong, right], [0.0, 1.0])] * 5, ReadingModel())
    assert again == model


def test_fixed_dense_weights_do_not_change():
    model = fit(EXAMPLES, ReadingModel(), dense=False)
    assert model.dense == pytest.approx(DEFAULT, abs=1e-4)
