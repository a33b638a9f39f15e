"""How much modeledge weighs, learnt from answered questions that the graph is silent on."""

import pytest

from kptm import ConfigError, Hit, Interpolation, Record
from kptm.answering.calibration import Calibration
from kptm.answering.sources import Opinion
from kptm.answering.weighing import ENOUGH, Silent, Weights


def silent(value, score, answer="a"):
    near = Hit(value, score, Record(kind="own", value=value))
    return Silent(frozenset({answer}), [Opinion("model", {"a": 0.3, "b": 0.7}, 1.0, ())], [near])


def test_a_store_that_is_right_is_listened_to_and_one_that_is_wrong_is_not():
    right = Weights.fit([silent("a", 0.9)] * 80, space="s", k=4)
    wrong = Weights.fit([silent("c", 0.9)] * 80, space="s", k=4)
    # 80 right ones and the imaginary question: λ + (1 − λ)·.3 is likeliest at λ = .98.
    assert right.neighbours.weights == pytest.approx((0.98,), abs=0.02)
    assert wrong.neighbours.weights == (0.0,)
    assert (right.count, right.space) == (80, "s")
    p = 0.98 + 0.02 * 0.3
    assert right.calibration.of(p, with_store=True) > 0.95
    # Where the store is silent the model said b, which was never right.
    assert wrong.calibration.of(0.7, with_store=False) == 0


def test_of_few_questions_nothing_is_fitted():
    found = Weights.fit([silent("a", 0.9)] * (ENOUGH - 1), space="s", k=4)
    assert found == Weights(space="s")
    assert (found.neighbours, found.calibration) == (Interpolation(), Calibration())


def test_weights_are_those_of_one_model(tmp_path):
    fitted = Weights.fit([silent("a", 0.9)] * 80, space="s", k=4)
    fitted.save(tmp_path / "w.json")
    assert Weights.load(tmp_path / "w.json", space="s") == fitted
    assert Weights.load(tmp_path / "w.json", space="t") == Weights(space="t")
    assert Weights.load(tmp_path / "none.json", space="s") == Weights(space="s")


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"space": 1, "neighbours": {}}'])
def test_a_damaged_file(tmp_path, content):
    (tmp_path / "w.json").write_text(content)
    with pytest.raises(ConfigError, match=r"w\.json"):
        Weights.load(tmp_path / "w.json", space="s")
