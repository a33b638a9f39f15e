"""The weights of the sources, fitted to answered questions."""

import numpy as np
import pytest

from kg.types import Step
from kptm import ConfigError, Hit, Interpolation, Record
from kptm.answering.combination.combiner import LogLinearPool
from kptm.answering.combination.p_calibration import ProbabilityCalibration
from kptm.answering.combination.source_weights import SourceWeights
from kptm.answering.combination.weight_fitting import MIN_QUESTIONS, CombinationExample, fit_weights
from kptm.answering.questions.path_reading import Reading
from kptm.answering.sources.candidate_sets import CandidateSet
from kptm.answering.sources.source import SourceQuery, SourceScores

KEYS = ["a", "b", "c"]
READING = Reading(entity="x", path=(Step("r"),), link_score=1.0, answers=(), score=1.0)  # fmt: skip


def silent(value, score, answer="a", p=(0.3, 0.7, 0.0)):
    near = Hit(value, score, Record(kind="own", value=value))
    said = SourceScores("model", np.array(p), 2)
    return CombinationExample(
        frozenset({answer}), SourceQuery(READING, (), CandidateSet(KEYS)), [said], [near]
    )


def test_a_right_store_gets_weight_and_a_wrong_one_does_not():
    right = fit_weights([silent("a", 0.9)] * 80, space="s", k=4)
    wrong = fit_weights([silent("c", 0.9)] * 80, space="s", k=4)
    [share] = right.neighbours.weights
    assert share > 0.9
    assert wrong.neighbours.weights == (0.0,)
    assert (right.count, right.space) == (80, "s")
    # A model that is always wrong gets a low weight, so that b is hardly more likely than a.
    assert wrong.combiner.weights["model"] < 0.3
    assert right.calibration.of(0.97, with_store=True) > 0.95
    # On questions that the store does not answer, the model predicts b, which is never right.
    assert wrong.calibration.of(0.7, with_store=False) == 0


def test_the_calibration_is_cross_validated():
    rng = np.random.default_rng(0)
    # An uninformative source, with many relations whose weights could overfit.
    items = []
    for number in range(400):
        p = rng.dirichlet(np.ones(3))
        reading = Reading(entity="x", path=(Step(f"r{number % 80}"),), link_score=1.0, answers=(),
        score=1.0)  # fmt: skip
        asked = SourceQuery(reading, (), CandidateSet(KEYS))
        answer = KEYS[int(rng.integers(3))]
        items.append(
            CombinationExample(frozenset({answer}), asked, [SourceScores("model", p, 3)], [])
        )
    found = fit_weights(items, space="", k=4)
    for p in (0.4, 0.6, 0.9):
        assert found.calibration.of(p, with_store=False) == pytest.approx(1 / 3, abs=0.12)


def test_few_questions_give_the_default_weights():
    found = fit_weights([silent("a", 0.9)] * (MIN_QUESTIONS - 1), space="s", k=4)
    assert found == SourceWeights(space="s")
    assert (found.combiner, found.neighbours) == (LogLinearPool(), Interpolation())
    assert found.calibration == ProbabilityCalibration()


def test_weights_of_another_model_are_not_used(tmp_path):
    fitted = fit_weights([silent("a", 0.9)] * 80, space="s", k=4)
    fitted.save(tmp_path / "w.json")
    assert SourceWeights.load(tmp_path / "w.json", space="s") == fitted
    assert SourceWeights.load(tmp_path / "w.json", space="t") == SourceWeights(space="t")
    assert SourceWeights.load(tmp_path / "none.json", space="s") == SourceWeights(space="s")


@pytest.mark.parametrize(
    "content",
    ["{", "[]", "{}", ('{"space": 1, "neighbours":'
        ' {}}'), '{"space": "s", "combiner": {"weights": []}}'],
)  # fmt: skip
def test_a_damaged_file_is_one_error(tmp_path, content):
    (tmp_path / "w.json").write_text(content)
    with pytest.raises(ConfigError, match=r"w\.json"):
        SourceWeights.load(tmp_path / "w.json", space="s")
