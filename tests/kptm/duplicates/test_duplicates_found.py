"""Duplicates of a small graph: which are found, why, and how the weights learn."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logit

from kg import EntityRecord, KnowledgeGraph
from kg.vocabulary import SAME_AS
from kptm.duplicates import DuplicateFinder, DuplicateModel
from kptm.duplicates.duplicate_model import knots_of
from kptm.duplicates.entity_comparison import FEATURES, SIGNS
from kptm.errors import ModelError


@pytest.fixture
def graph(tmp_path):
    """People, one of them stored twice, and two different people with one name."""
    with KnowledgeGraph.open(tmp_path / "graph.db") as opened:
        labels = {
            "p1": "Barack Obama", "p2": "Obama, Barack", "p3": "John Hall", "p4": "John Hall",
            "p5": "Maria Curie", "p6": "Louis Pasteur", "f1": "Saw II", "f2": "Saw III",
        }  # fmt: skip
        opened.add(EntityRecord(key=key, label=label) for key, label in labels.items())
        opened.add(
            [
                ("p1", "spouse", "Michelle"), ("p1", "born in", "Honolulu"),
                ("p1", "party", "Democrats"), ("p2", "child of party", "Democrats"),
                ("p2", "employer", "Harvard"), ("Michelle", "employer", "Harvard"),
                ("p3", "born in", "Leeds"), ("p4", "born in", "York"),
                ("p5", "born in", "Warsaw"), ("p6", "born in", "Dole"),
                ("p3", "party", "Tories"), ("p4", "party", "Whigs"),
            ]
        )  # fmt: skip
        yield opened


def found(graph, **others):
    pairs = DuplicateFinder(graph, DuplicateModel.load()).find(minimum=0.0, **others)
    return {(one.keep, one.gone): one for one in pairs}


def test_the_entity_with_more_facts_is_kept_and_evidence_says_why(graph):
    pairs = found(graph)
    one = pairs["p1", "p2"]
    assert one.p > max(other.p for key, other in pairs.items() if key != ("p1", "p2"))
    assert '"Barack Obama" and "Obama, Barack": the same words in another order' in one.evidence
    assert "1 common neighbour: Democrats" in one.evidence
    assert [one.evidence[slice(*span)] for span in one.spans] == ["Barack Obama", "Obama, Barack"]


def test_different_values_of_functional_relations_speak_against_namesakes(graph):
    one = found(graph)["p3", "p4"]
    assert "against it: different born in, party" in one.evidence
    assert one.features[FEATURES.index("conflicts")] == pytest.approx(np.log1p(2 * 1.0), abs=0.2)


def test_sequels_are_not_the_same(graph):
    assert found(graph).get(("f1", "f2")) is None or found(graph)["f1", "f2"].p < 0.5


def test_a_stated_same_as_is_a_pair(graph):
    graph.add([("p5", SAME_AS, "p6")], source="wikidata.nt")
    one = found(graph)["p5", "p6"]
    assert one.p == 0.99
    assert one.evidence.endswith("wikidata.nt states that they are the same")


def test_a_pair_that_is_stated_in_both_directions_or_found_too_is_one_pair(graph):
    """RDF states owl:sameAs in either direction, often in both."""
    graph.add([("p6", SAME_AS, "p5"), ("p5", SAME_AS, "p6"), ("p2", SAME_AS, "p1")], source="x.nt")
    graph.add([("p6", "field", "chemistry")])
    pairs = DuplicateFinder(graph, DuplicateModel.load()).find(minimum=0.0)
    ends = [tuple(sorted((one.keep, one.gone))) for one in pairs]
    assert len(ends) == len(set(ends))
    stated = {(one.keep, one.gone) for one in pairs if one.p == 0.99}
    assert stated == {("p6", "p5"), ("p1", "p2")}  # those with more facts are kept


def test_vectors_are_compared(graph):
    class Vectors:
        def __init__(self):
            self.rows = {key: np.eye(4)[at % 4] for at, key in enumerate(graph.keys())}

        def __contains__(self, key):
            return key in self.rows

        def vectors(self, keys):
            return np.array([self.rows[key] for key in keys])

    vectors = Vectors()
    vectors.rows["p2"] = vectors.rows["p1"]
    pairs = DuplicateFinder(graph, DuplicateModel.load(), vectors=vectors).find(minimum=0.0)
    at = FEATURES.index("vectors")
    by_key = {(one.keep, one.gone): one for one in pairs}
    assert by_key["p1", "p2"].features[at] > 0 == found(graph)["p1", "p2"].features[at]


def test_no_more_pairs_are_returned_than_asked_for(graph):
    assert list(found(graph, most=1)) == [("p1", "p2")]


def model_of(chance, pieces=2):
    """A model of random weights with the signs of the features, and random knots."""
    signs = np.array([SIGNS.get(name, 1) for name in FEATURES])
    weights = chance.uniform(0, 2, (4, len(FEATURES), pieces))
    weights *= np.where(signs == 0, chance.choice([-1, 1], len(FEATURES)), signs)[:, None]
    knots = np.cumsum(chance.uniform(0.1, 1, (len(FEATURES), pieces + 1)), axis=1) - 1
    return DuplicateModel(weights, np.array([-1.0, -2.0, -3.0, -4.0]), knots)


@pytest.mark.parametrize("pieces", [1, 2, 4])
def test_log_odds_are_sums_of_piecewise_linear_functions(pieces):
    """The oracle is numpy.interp between the knots."""
    chance = np.random.default_rng(0)
    model = model_of(chance, pieces)
    rows = chance.normal(size=(40, len(FEATURES)))
    at = {name: number for number, name in enumerate(FEATURES)}
    ways = np.arange(40) % 4
    rows[:, at["same_words"]] = ways == 0
    rows[:, at["slips"]] = ways == 1
    rows[:, at["abbreviated"]] = ways >= 2
    rows[:, at["extra"]] = ways == 3
    for way, row, p in zip(ways, rows, model.probabilities(rows), strict=True):
        heights = [np.r_[0, np.cumsum(weights)] for weights in model.weights[way]]
        score = sum(map(np.interp, row, model.knots, heights)) + model.biases[way]
        assert p == pytest.approx(1 / (1 + np.exp(-score)))


CHOOSE = {"same_words", "extra"}
"""The features with a sign that also choose the kind of similarity, and so other weights."""


@pytest.mark.parametrize(
    "name", [name for name in FEATURES if SIGNS.get(name, 1) and name not in CHOOSE]
)
def test_more_of_a_feature_never_speaks_against_its_meaning(name):
    """For the weights of the package and random ones."""
    chance = np.random.default_rng(2)
    column = FEATURES.index(name)
    for model in (DuplicateModel.load(), model_of(chance)):
        rows = np.repeat(chance.normal(size=(50, len(FEATURES))), 9, axis=0)
        rows[:, column] = np.tile(np.linspace(-3, 5, 9), 50)
        p = model.probabilities(rows).reshape(50, 9)
        assert (np.diff(p, axis=1) * SIGNS.get(name, 1) >= -1e-12).all()


def test_knots_are_quantiles_of_both_kinds_of_pairs():
    chance = np.random.default_rng(3)
    rows = np.tile(chance.random(3_000)[:, None], (1, len(FEATURES)))
    same = np.arange(3_000) < 100
    rows[same] += 10
    rows[:, 1] = rows[:, 1] > 10  # of two values
    rows[:, 2] = 7
    knots = knots_of(rows, same.astype(float))
    column = np.r_[np.repeat(rows[same, 0], 29), rows[~same, 0]]
    assert knots[0] == pytest.approx(np.quantile(column, [0.02, 0.5, 0.98]), abs=1e-4)
    assert knots[1].tolist() == [0, 0.5, 1]
    assert knots[2].tolist() == [7, 7.5, 8]


def test_fitting_learns_the_weights_that_made_the_labels_and_keeps_signs():
    chance = np.random.default_rng(1)
    truth = model_of(chance)
    truth = replace(truth, weights=truth.weights / 3)
    signs = np.array([SIGNS.get(name, 1) for name in FEATURES])[:, None]
    rows = chance.uniform(-1, 2, size=(20_000, len(FEATURES)))
    rows[:, FEATURES.index("same_words")] = 0
    rows[:, FEATURES.index("extra")] = 1  # all are of the last kind
    middle = np.median(logit(truth.probabilities(rows)))
    truth = replace(truth, biases=truth.biases - middle)
    wanted = truth.probabilities(rows)
    same = (chance.random(len(rows)) < wanted).astype(float)
    start = DuplicateModel.flat(truth.knots)
    model = start.fit(rows, same, prior=0.01)
    p = model.probabilities(rows)
    assert np.abs(p - wanted).mean() < 0.03
    assert not model.weights[:3].any()
    for low in (0.1, 0.5, 0.8):  # calibrated
        chosen = (p >= low) & (p < low + 0.1)
        assert same[chosen].mean() == pytest.approx(p[chosen].mean(), abs=0.04)
    against = start.fit(rows, 1 - same, prior=0.01)
    assert (against.weights * signs >= 0).all()


def test_a_strong_prior_keeps_the_weights():
    model = DuplicateModel.load()
    rows = np.ones((3, len(FEATURES)))
    again = model.fit(rows, np.zeros(3), prior=1e9)
    assert again.weights == pytest.approx(model.weights, abs=1e-4)


def test_weights_are_saved_and_damage_is_named(tmp_path):
    weights = np.linspace(-1, 1, 8 * len(FEATURES)).reshape(4, -1, 2)
    knots = DuplicateModel.flat().knots
    model = DuplicateModel(weights, np.array([0.5, 1.0, -0.25, 2.0]), knots, 7)
    model.save(tmp_path / "w.json")
    again = DuplicateModel.load(tmp_path / "w.json")
    assert again.weights == pytest.approx(model.weights, abs=1e-4)
    assert again.knots == pytest.approx(knots)
    assert (again.biases.tolist(), again.pairs) == ([0.5, 1.0, -0.25, 2.0], 7)
    falling = (tmp_path / "w.json").read_text().replace("0.5,", "1.5,")
    for text in (falling, "{", '{"version": 99}', "[]"):
        (tmp_path / "w.json").write_text(text)
        with pytest.raises(ModelError, match=r"w\.json"):
            DuplicateModel.load(tmp_path / "w.json")


def test_the_weights_of_the_package_keep_the_signs_of_features():
    model = DuplicateModel.load()
    signs = np.array([SIGNS.get(name, 1) for name in FEATURES])[:, None]
    assert (model.weights * signs >= 0).all()
