"""Duplicates of a small graph: which are found, why, and how the weights learn."""

import numpy as np
import pytest
from scipy.special import expit

from kg import EntityRecord, KnowledgeGraph
from kg.vocabulary import SAME_AS
from kptm.duplicates import DuplicateFinder, DuplicateModel
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


def test_probabilities_are_logistic():
    weights = np.arange(4.0 * len(FEATURES)).reshape(4, -1) / 10
    model = DuplicateModel(weights, np.array([-1.0, -2.0, -3.0, -4.0]))
    rows = np.random.default_rng(0).normal(size=(40, len(FEATURES))) / 10
    at = {name: number for number, name in enumerate(FEATURES)}
    ways = np.arange(40) % 4
    rows[:, at["same_words"]] = ways == 0
    rows[:, at["slips"]] = ways == 1
    rows[:, at["abbreviated"]] = ways >= 2
    rows[:, at["extra"]] = ways == 3
    wanted = [
        1 / (1 + np.exp(1 + way - sum(w * x for w, x in zip(weights[way], row, strict=True))))
        for way, row in zip(ways, rows, strict=True)
    ]
    assert model.probabilities(rows) == pytest.approx(wanted)


def test_fitting_learns_the_weights_that_made_the_labels_and_keeps_signs():
    chance = np.random.default_rng(1)
    signs = np.array([SIGNS.get(name, 1) for name in FEATURES])
    truth = np.where(signs == 0, 1.0, signs * chance.uniform(0.5, 2, len(FEATURES)))
    rows = chance.normal(size=(20_000, len(FEATURES)))
    rows[:, FEATURES.index("same_words")] = 0
    rows[:, FEATURES.index("extra")] = 1  # all rows have the same value
    same = (chance.random(len(rows)) < expit(rows @ truth - 1)).astype(float)
    start = DuplicateModel.flat()
    model = start.fit(rows, same, prior=0.01)
    constant = [FEATURES.index(name) for name in ("same_words", "extra")]
    learnt = np.delete(model.weights[3], constant)
    assert learnt == pytest.approx(np.delete(truth, constant), abs=0.2)
    bias = model.biases[3] + model.weights[3, constant[1]]
    assert bias == pytest.approx(-1 + truth[constant[1]], abs=0.2)
    assert not model.weights[:3].any()
    p = model.probabilities(rows)
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
    weights = np.linspace(-1, 1, 4 * len(FEATURES)).reshape(4, -1)
    model = DuplicateModel(weights, np.array([0.5, 1.0, -0.25, 2.0]), 7)
    model.save(tmp_path / "w.json")
    again = DuplicateModel.load(tmp_path / "w.json")
    assert again.weights == pytest.approx(model.weights, abs=1e-4)
    assert (again.biases.tolist(), again.pairs) == ([0.5, 1.0, -0.25, 2.0], 7)
    for text in ("{", '{"version": 99}', "[]"):
        (tmp_path / "w.json").write_text(text)
        with pytest.raises(ModelError, match=r"w\.json"):
            DuplicateModel.load(tmp_path / "w.json")


def test_the_weights_of_the_package_keep_the_signs_of_features():
    model = DuplicateModel.load()
    signs = np.array([SIGNS.get(name, 1) for name in FEATURES])
    assert (model.weights * signs >= 0).all()
