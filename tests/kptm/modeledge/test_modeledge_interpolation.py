"""The mixture of model and neighbours against NumPy, its fit against brute force."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kptm import Hit, Interpolation, ModeledgeError, Record
from kptm.modeledge.knn.interpolation_fit import (
    MAX_BUCKETS,
    MIN_BUCKET_QUESTIONS,
    TEMPERATURES,
    HeldOutQuestion,
    best_weights,
    bucket_edges,
    fit,
    near_of,
)
from kptm.modeledge.knn.relevant_hits import relevant

SIMILARITIES = st.floats(-1, 1, allow_nan=False).map(lambda x: round(x, 4))
HITS = st.lists(st.tuples(st.sampled_from("abcd"), SIMILARITIES), max_size=12)


def hit(value, score, context=()):
    return Hit(value, score, Record(kind="own", value=value, context=tuple(context)))


def hits_of(pairs):
    return sorted((hit(*pair) for pair in pairs), key=lambda found: -found.score)


@given(HITS, st.floats(0.01, 2))
def test_near_is_a_softmax_of_similarities(pairs, temperature):
    near = Interpolation(temperature=temperature).near(hits_of(pairs))
    if not pairs:
        assert near == {}
        return
    scores = np.array([score for _, score in pairs]) / temperature
    mass = np.exp(scores - scores.max())
    for value in {value for value, _ in pairs}:
        part = mass[[own == value for own, _ in pairs]].sum() / mass.sum()
        assert near[value] == pytest.approx(part)
    assert sum(near.values()) == pytest.approx(1)


@given(HITS, st.floats(0, 1), st.floats(-1, 1))
def test_mixed_is_khandelwals_formula_above_the_threshold_and_the_model_below(pairs, weight, edge):
    mixture = Interpolation(temperature=0.1, edges=(edge,), weights=(weight,))
    model = {"a": 0.25, "e": 0.75}
    hits = hits_of(pairs)
    mixed = mixture.mix_probabilities(model, hits)
    spoken = bool(pairs) and max(score for _, score in pairs) >= edge and weight > 0
    if not spoken:
        assert mixed == model
        return
    near = mixture.near(hits)
    for value in "abcde":
        wanted = weight * near.get(value, 0) + (1 - weight) * model.get(value, 0)
        assert mixed.get(value, 0) == pytest.approx(wanted)
    assert sum(mixed.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("similarity", "wanted"), [(0.49, 0), (0.5, 0), (0.7, 0.2), (0.89, 0.2), (0.9, 0.8), (1.0, 0.8)]
)
def test_lambda_is_that_of_the_bucket(similarity, wanted):
    mixture = Interpolation(edges=(0.5, 0.7, 0.9), weights=(0.0, 0.2, 0.8))
    assert mixture.weight([hit("a", similarity), hit("b", -1.0)]) == wanted
    assert mixture.threshold == 0.7


def test_the_default_rises_and_abstains():
    mixture = Interpolation()
    assert mixture.weight([]) == mixture.weight([hit("a", 0.8)]) == 0
    weights = [mixture.weight([hit("a", score)]) for score in np.linspace(0.8, 1, 100)]
    assert weights == sorted(weights)
    assert weights[-1] == 0.9


def test_without_a_model_only_neighbours_answer_or_none():
    mixture = Interpolation(edges=(0.5,), weights=(0.3,))
    assert mixture.mix_probabilities({}, [hit("a", 0.9)]) == {"a": 1.0}
    assert mixture.mix_probabilities({}, [hit("a", 0.4)]) == {}


@given(HITS.filter(len))
def test_without_the_cited_rows_the_store_gives_nothing(pairs):
    mixture = Interpolation(edges=(0.0,), weights=(0.9,))
    hits = hits_of(pairs)
    for value in "abcd":
        cited = mixture.cited_hits(value, hits)
        left = [found for found in hits if found not in cited]
        if mixture.weight(hits) > 0:
            assert mixture.near(left).get(value, 0) == 0
        else:
            assert cited == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"k": 0},
        {"temperature": 0.0},
        {"temperature": float("nan")},
        {"edges": (0.5,)},
        {"edges": (0.5, 0.5), "weights": (0.1, 0.2)},
        {"edges": (0.5,), "weights": (1.1,)},
        {"edges": (float("nan"),), "weights": (0.5,)},
    ],
)
def test_settings_without_a_meaning(wrong):
    with pytest.raises(ModeledgeError):
        Interpolation(**wrong)


def test_fitting_needs_a_neighbour():
    with pytest.raises(ModeledgeError, match="above 0"):
        Interpolation.fit([HeldOutQuestion("a", 0.5, [hit("a", 0.9)])], k=0)


def test_saved_and_read(tmp_path):
    mixture = Interpolation(k=3, temperature=0.1, edges=(0.1, 0.2), weights=(0.0, 0.7))
    mixture.save(tmp_path / "i.json")
    assert Interpolation.load(tmp_path / "i.json") == mixture
    silent = Interpolation(edges=(), weights=())
    silent.save(tmp_path / "i.json")
    assert Interpolation.load(tmp_path / "i.json").threshold == float("inf")


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "{}",
        json.dumps({"k": 1, "temperature": 1, "edges": [1], "weights": []}),
        json.dumps({"k": 1, "temperature": 1, "edges": [None], "weights": [0.1]}),
        json.dumps({"k": "x", "temperature": 1, "edges": [], "weights": []}),
    ],
)
def test_a_damaged_file(tmp_path, content):
    (tmp_path / "i.json").write_text(content)
    with pytest.raises(ModeledgeError, match=r"i\.json"):
        Interpolation.load(tmp_path / "i.json")


def test_a_missing_file(tmp_path):
    with pytest.raises(ModeledgeError, match="none"):
        Interpolation.load(tmp_path / "none.json")


# ── fitting ──────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(1e-9, 1)), min_size=1, max_size=30))
def test_the_best_lambda_of_a_bucket_is_that_of_a_search(pairs):
    near_Q, model_Q = map(np.array, zip(*pairs, strict=True))
    found = best_weights(near_Q, model_Q, np.zeros(len(pairs), int), 1)[0]

    def worth(share):
        return np.log(share * near_Q + (1 - share) * model_Q).sum() + np.log1p(-share)

    searched = max(worth(share) for share in np.linspace(0, 0.9999, 4001))
    assert worth(found) >= searched - 1e-6
    assert 0 <= found < 1


def test_buckets_are_of_one_size():
    best_Q = np.random.default_rng(0).uniform(size=200)
    edges_B = bucket_edges(best_Q)
    sizes = np.bincount(np.searchsorted(edges_B, best_Q, side="right") - 1)
    assert edges_B[0] == best_Q.min()
    assert len(sizes) == MAX_BUCKETS
    assert set(sizes.tolist()) <= {24, 25, 26}
    assert len(bucket_edges(best_Q[: 2 * MIN_BUCKET_QUESTIONS + 1])) == 2
    assert bucket_edges(np.full(50, 0.5)).tolist() == [0.5]


def questions(seed, truth, count=800, model=0.2, far="n"):
    """Questions that have one near and one far row each.

    ``truth`` says how often the near one is right, by its similarity.

    Where it is wrong, the far one holds the value ``far``.
    """
    rng = np.random.default_rng(seed)
    found = []
    for score in rng.uniform(0, 1, count):
        right = rng.uniform() < truth(score)
        first = hit("y" if right else "n", score)
        found.append(HeldOutQuestion("y", model, [first, hit("n" if right else far, score - 0.3)]))
    return found


def test_the_threshold_is_found_where_neighbours_begin_to_be_right():
    mixture = Interpolation.fit(questions(0, lambda score: 0.9 if score > 0.75 else 0.0))
    # A bucket holds an eighth of the questions. Its edge is at or above .75, up to the sample's
    # noise.
    assert 0.6 <= mixture.threshold <= 0.9
    assert mixture.weights[-1] == pytest.approx(0.9, abs=0.08)
    assert mixture.weight([hit("a", 0.5)]) == 0


def test_shuffled_values_are_not_listened_to():
    asked = questions(1, lambda _: 1.0)
    rng = np.random.default_rng(2)
    values = [found.value for item in asked for found in item.hits]
    other = rng.permutation([*values, *[f"v{i}" for i in range(40 * len(values))]]).tolist()
    shuffled = [
        HeldOutQuestion(
            item.answer, item.p_model, [hit(other.pop(), found.score) for found in item.hits]
        )
        for item in asked
    ]
    assert set(Interpolation.fit(asked).weights) - {0.0}
    assert set(Interpolation.fit(shuffled).weights) == {0.0}


def test_the_temperature_is_the_likeliest_of_the_grid():
    # The far row holds the answer in 3 of 10: a T near 0.3 / ln(7 / 3) is best.
    asked = questions(3, lambda _: 0.7, model=1e-9, far="y")
    found = fit(asked, k=16)
    scores_QK = np.array([[x.score for x in item.hits] for item in asked])
    right_QK = np.array([[x.value == "y" for x in item.hits] for item in asked], float)
    worth = [np.log(near_of(scores_QK, right_QK, t) + 1e-12).sum() for t in TEMPERATURES]
    assert found.temperature == TEMPERATURES[int(np.argmax(worth))]
    assert found.temperature == pytest.approx(0.3 / np.log(7 / 3), rel=0.35)


def test_uninformative_neighbours_fit_nothing():
    assert Interpolation.fit([]).weight([hit("a", 1.0)]) == 0
    assert Interpolation.fit([HeldOutQuestion("y", 0.5, [])]).threshold == float("inf")


def test_a_few_lucky_answers_are_not_enough():
    few = [HeldOutQuestion("y", 0.5, [hit("y", 0.9)])] * 2
    assert Interpolation.fit([*few, *[HeldOutQuestion("y", 0.5, [])] * 1000]).weights == (0.0,)


def test_no_more_than_k_neighbours_are_counted():
    asked = [HeldOutQuestion("y", 0.1, [hit("y", 0.9), hit("n", 0.8)])] * 20
    assert fit(asked, k=1) == fit([HeldOutQuestion("y", 0.1, item.hits[:1]) for item in asked], k=1)


# ── who may speak ────────────────────────────────────────────────────────────────────────────


def test_only_rows_with_the_entity_and_a_candidate_count():
    hits = [
        hit("a", 0.9, ["x"]),
        hit("b", 0.8, ["y"]),
        hit("c", 0.7, ["x", "y"]),
        hit("z", 0.6, ["x"]),
        hit("a", 0.5, ["x"]),
    ]
    assert relevant(hits, "x", {"a", "b", "c"}, 8) == [hits[0], hits[2], hits[4]]
    assert relevant(hits, "x", {"a", "b", "c"}, 2) == [hits[0], hits[2]]
    assert relevant(hits, "nobody", {"a"}, 8) == []


def test_the_last_bit_of_a_similarity_does_not_silence_neighbours():
    """A single question is computed in other shapes than the batch that fitted the edges."""
    fitted = Interpolation.fit([HeldOutQuestion("y", 0.1, [hit("y", 0.9)])] * 60)
    assert fitted.weight([hit("y", float(np.nextafter(np.float32(0.9), np.float32(0))))]) > 0.9
    assert fitted.weight([hit("y", 0.89)]) == 0
