"""The pool and its fit, compared with their formulas in NumPy and with another optimiser."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize

from kg.types import Step
from kptm import Hit, Interpolation, Record
from kptm.answering.combination.combiner import (
    RELATION_PRECISION,
    SMOOTHING,
    WEIGHT_PRECISION,
    LogLinearPool,
    PoolExample,
    example,
    fit,
    log_smoothed,
    relation_name,
)
from kptm.answering.questions.path_reading import Reading
from kptm.answering.sources.candidate_sets import CandidateSet
from kptm.answering.sources.source import SourceQuery, SourceScores, from_modeledge

POSITIVE = arrays(np.float64, 5, elements=st.floats(0.01, 1))


def opinion(kind, p, weight=1.0):
    p = np.asarray(p, float)
    return SourceScores(kind, p, int((p > 0).sum()), weight=weight)


def asked(keys=("a", "b", "c"), entity="x"):
    reading = Reading(entity=entity, path=(Step("r"),), link_score=1.0, answers=(),
    score=1.0)  # fmt: skip
    return SourceQuery(reading, (), CandidateSet(list(keys)))


def normal(p):
    return p / p.sum()


@given(POSITIVE, POSITIVE, st.floats(0, 2), st.floats(0.01, 2), st.floats(0, 2))
def test_the_pool_is_a_weighted_product(first, second, a, b, c):
    links, model = normal(first), normal(second)
    combiner = LogLinearPool(
        weights={"link prediction": a, "model": b},
        relations={"^r": {"link prediction": c, "model": b}},
    )
    said = [opinion("link prediction", links), opinion("model", model)]
    smooth = [(1 - SMOOTHING) * p + SMOOTHING / 5 for p in (links, model)]
    for relation, weight in (("r", a), ("^r", c)):
        wanted = normal(smooth[0] ** weight * smooth[1] ** b)
        np.testing.assert_allclose(combiner.pool(said, relation), wanted, rtol=1e-9)


def test_unfitted_sources_have_equal_weights():
    links, model = [0.7, 0.2, 0.1], [0.1, 0.6, 0.3]
    found = LogLinearPool().pool([opinion("link prediction", links), opinion("model", model)], "r")
    both = np.exp((log_smoothed(np.array(links)) + log_smoothed(np.array(model))) / 2)
    np.testing.assert_allclose(found, normal(both))
    alone = LogLinearPool().pool([opinion("model", model)], "r")
    np.testing.assert_allclose(alone, model, atol=SMOOTHING)
    assert LogLinearPool().pool([], "r") is None


def test_an_entity_unknown_to_all_sources_gets_p_0():
    found = LogLinearPool().pool([opinion("model", [0.5, 0.0, 0.5])], "r")
    assert found[1] == 0
    both = [opinion("model", [0.5, 0.0, 0.5]), opinion("link prediction", [0.5, 0.5, 0.0])]
    assert (LogLinearPool().pool(both, "r") > 0).all()


def test_neighbours_are_interpolated_as_by_khandelwal():
    near = opinion("modeledge", [0.9, 0.1, 0.0], 0.6)
    model = opinion("model", [0.2, 0.0, 0.8])
    pooled = LogLinearPool().pool([model], "r")
    found = LogLinearPool().combine_scores([near, model], "r")
    np.testing.assert_allclose(found, 0.6 * near.p + 0.4 * pooled)
    assert LogLinearPool().combine_scores([near], "r") is near.p
    np.testing.assert_allclose(LogLinearPool().combine_scores([model], "r"), pooled)
    assert LogLinearPool().combine_scores([], "r") is None


def test_neighbours_are_a_softmax_of_similarities():
    def hit(value, score):
        return Hit(value, score, Record(kind="cloze", value=value, text=f"about {value}"))

    weights = Interpolation(temperature=0.1, edges=(0.5, 0.7), weights=(0.2, 0.8))
    hits = [hit("a", 0.8), hit("b", 0.7), hit("a", 0.6)]
    found = from_modeledge(hits, asked(), weights)
    mass = np.array([np.exp(8) + np.exp(6), np.exp(7), 0])
    np.testing.assert_allclose(found.p, normal(mass))
    assert (found.weight, found.known, found.hits) == (0.8, 2, tuple(hits))
    assert from_modeledge(hits[2:], asked(), weights).weight == 0.2
    assert from_modeledge([hit("a", 0.4)], asked(), weights) is None
    assert from_modeledge([], asked(), weights) is None


# ── fitting ──────────────────────────────────────────────────────────────────────────────────────


def made(seed, relations=3, count=40, candidates=6):
    """Questions on which the model is mostly right; on relation 0, link prediction is."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        relation, right = number % relations, int(rng.integers(candidates))
        p = rng.dirichlet(np.ones(candidates), size=2)
        good = 0 if relation == 0 else 1
        p[good, right] += 2 * rng.random()
        p /= p.sum(1, keepdims=True)
        said = [opinion("link prediction", p[0]), opinion("model", p[1])]
        found.append(example(said, f"r{relation}", [right]))
    return found


def loss_of(examples, names):
    """The penalised negative log-likelihood, computed by its formula."""

    def loss(flat):
        table = flat.reshape(-1, 2)
        lost = WEIGHT_PRECISION / 2 * ((table[0] - 0.5) ** 2).sum()
        lost += RELATION_PRECISION / 2 * ((table[1:] - table[0]) ** 2).sum()
        for item in examples:
            p = normal(np.exp(table[1 + names.index(item.relation)] @ item.features[:2]))
            lost -= np.log(p[list(item.right)]).mean()
        return lost

    return loss


@pytest.mark.parametrize("seed", range(3))
def test_the_fit_is_the_minimum_that_another_optimiser_finds(seed):
    examples = made(seed)
    names = sorted({item.relation for item in examples})
    found = fit(examples)
    loss = loss_of(examples, names)
    rows = [found.weights, *(found.relations[name] for name in names)]
    ours = np.array([[row["link prediction"], row["model"]] for row in rows]).ravel()
    assert (ours >= 0).all()
    # SLSQP uses finite differences, so that it does not depend on our gradient.
    other = minimize(loss, np.full(ours.size, 0.5), method="SLSQP", bounds=[(0, None)] * ours.size)
    assert loss(ours) == pytest.approx(other.fun, abs=1e-4)
    np.testing.assert_allclose(ours, other.x, atol=2e-2)


def test_each_relation_has_its_weights_and_a_rare_one_the_general_ones():
    examples = made(0, count=400)
    found = fit([*examples, replace(examples[1], relation="rare")])

    def weight(relation, kind):
        return found.relations.get(relation, found.weights)[kind]

    assert weight("r0", "link prediction") > weight("r0", "model") + 0.3
    assert weight("r1", "model") > weight("r1", "link prediction") + 0.3
    assert weight("rare", "model") == pytest.approx(found.weights["model"], abs=0.2)


def test_a_source_that_is_always_wrong_gets_no_negative_weight():
    found = fit([example([opinion("model", [0.2, 0.8])], "r", [0])] * 100)
    assert found.relations["r"]["model"] == 0
    # With weight 0 for the only relation, (w − 1)²/2 + 4·w²/2 has its minimum at w = 1/5.
    assert found.weights["model"] == pytest.approx(0.2, abs=1e-4)


def test_without_examples_nothing_is_fitted():
    assert fit([]) == LogLinearPool()
    assert example([], "r", [0]) is None
    assert example([opinion("model", [1.0, 0.0])], "r", [1]) is None  # no source knows the answer
    assert example([opinion("model", [1.0, 0.0])], "r", []) is None
    alone = fit([example([opinion("model", [0.4, 0.6])], "r", [1])] * 30)
    assert set(alone.weights) == {"model"}
    assert alone.weights["model"] > 1  # the model was always right


def test_a_source_that_improves_too_little_gets_weight_0():
    rng = np.random.default_rng(0)
    examples = []
    for number in range(200):
        right = int(rng.integers(5))
        good = rng.dirichlet(np.ones(5))
        good[right] += 1
        noise = rng.dirichlet(np.full(5, 0.3))  # confident predictions that are random
        said = [opinion("link prediction", noise), opinion("model", good / 2)]
        examples.append(example(said, f"r{number % 4}", [right]))
    found = fit(examples)
    for row in (found.weights, *found.relations.values()):
        assert row["link prediction"] == 0
        assert row["model"] > 0
    both = [opinion("link prediction", [0.9, 0.1]), opinion("model", [0.4, 0.6])]
    assert found.pool(both, "r0").argmax() == 1
    # If it is the only source, it is used nevertheless.
    np.testing.assert_allclose(found.pool(both[:1], "r0"), [0.9, 0.1], atol=SMOOTHING)


def test_candidates_with_low_scores_are_left_out_of_an_example(monkeypatch):
    from kptm.answering.combination import combiner as combining

    monkeypatch.setattr(combining, "MAX_FITTED_CANDIDATES", 2)
    p = np.array([0.05, 0.4, 0.1, 0.3, 0.15])
    found = example([opinion("model", p)], "r", [0])
    assert isinstance(found, PoolExample)
    np.testing.assert_allclose(found.features[1], log_smoothed(p)[[0, 1, 3]])
    assert found.right == (0,)


def test_weights_survive_json():
    found = fit(made(0))
    assert LogLinearPool.from_dict(json.loads(json.dumps(asdict(found)))) == found
    with pytest.raises(ValueError, match="finite"):
        LogLinearPool.from_dict({"weights": {"model": float("nan")}, "relations": {}})


def test_a_relation_and_its_inverse_have_different_names():
    assert relation_name("r", True) != relation_name("r", False) == "^r"
