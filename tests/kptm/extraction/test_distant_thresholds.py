"""Thresholds of an extractor that learnt only from a graph: lucky predictions gain no trust."""

import numpy as np
import pytest
import torch

from kptm.extraction.candidates.mention_pairs import pairs_of
from kptm.extraction.candidates.text_mentions import MentionKind, TextMention
from kptm.extraction.candidates.text_windows import windows_of
from kptm.extraction.fitting import extractor_fitting
from kptm.extraction.fitting.classifier_training import ExtractionConfig, fit, space_of
from kptm.extraction.fitting.extractor_fitting import _cross_fit, _score_held_out
from kptm.extraction.fitting.relation_examples import RelationExamples
from kptm.extraction.fitting.relation_thresholds import (
    PRECISIONS,
    UNREACHABLE,
    Scored,
    calibrate,
)
from kptm.extraction.relation_classifier import Label, RelationKind

KIND = RelationKind(name="", entities=True, values=False, texts=False)
AT = PRECISIONS.index(0.9)


def draws(rates, seed=0, each=2_000):
    """Predictions whose chance of being right is a rate times their score."""
    random = np.random.default_rng(seed)
    for relation, (rate, count) in rates.items():
        for _ in range(count * each // 2_000):
            p = float(random.uniform(0.05, 1))
            yield Scored(relation, p, float(random.random() < rate * p))


def precision(calibration, items, wanted=0.9):
    shown = [
        item.right
        for item in items
        if calibration.confidence(np.array([item.chance]))[0]
        >= calibration.threshold(item.relation, wanted)
    ]
    return len(shown), float(np.mean(shown))


def test_a_rare_relation_has_the_threshold_of_all():
    """A few lucky or unlucky predictions do not change the trust in a relation."""
    items = [*draws({"a": (1.0, 4_000)}), *(Scored("lucky", 0.3, 1.0) for _ in range(8))]
    items += [Scored("few", 0.99, 0.0), Scored("few", 0.98, 1.0), Scored("few", 0.97, 1.0)]
    found = calibrate(items, closed=False)
    assert found.relations["lucky"] == found.general
    assert found.relations["few"][:AT] == found.general[:AT]


def test_a_relation_that_is_often_wrong_has_a_higher_one():
    rates = {"good": (1.0, 8_000), "bad": (0.7, 800)}
    found = calibrate(draws(rates), closed=False)
    assert found.relations["good"] == found.general
    assert found.relations["bad"][AT] > found.general[AT] + 0.1  # it never reaches .9
    fresh = list(draws(rates, seed=1))
    shown, share = precision(found, fresh)
    assert shown > 200
    assert share >= 0.88


@pytest.mark.parametrize("wanted", [0.5, 0.7, 0.9])
def test_shares_count_as_far_as_they_go(wanted):
    """A half-right prediction counts a half.

    The same number of pairs of one right and one wrong prediction gives the same thresholds.
    """
    halves = [Scored("a", p, 0.5) for p in (0.9, 0.6) for _ in range(400)]
    whole = [Scored("a", p, right) for p in (0.9, 0.6) for _ in range(200) for right in (0.0, 1.0)]
    one, other = calibrate(halves, closed=False), calibrate(whole, closed=False)
    assert one.threshold("a", wanted) == pytest.approx(other.threshold("a", wanted))


def pair_of(first, second):
    text = f"{first} and {second}"
    mentions = [
        TextMention(0, len(first), MentionKind.ENTITY, first, first),
        TextMention(len(text) - len(second), len(text), MentionKind.ENTITY, second, second),
    ]
    [window] = windows_of(text, mentions)
    [pair] = pairs_of(window)
    return pair


def examples_of(rows):
    from array import array

    from kptm.extraction.candidates.pair_features import Features

    found = RelationExamples()
    for number, (first, second, labels) in enumerate(rows):
        features = Features(array("I", [1, 2]), array("I"), [], [])
        found.add(number, pair_of(first, second), features, tuple(sorted(labels)))
    return found


def label(relation):
    return Label(relation, True)


def things(examples):
    return {frozenset(one.key for one in pair.mentions) for pair in examples.pairs}


def test_each_pair_is_predicted_once_by_a_model_that_did_not_learn_it(monkeypatch):
    rows = [(f"Ab{n % 40}", f"Cd{n % 40}", {label("r")}) for n in range(200)]
    rows += [(f"Cd{n % 40}", f"Ab{n % 40}", set()) for n in range(200)]
    found = examples_of(rows)
    learnt, predicted = [], []

    def fit(train, held, *_):
        learnt.append(things(train))
        return "classifier", 3

    def score(classifier, held, *, closed):
        if len(held):
            assert not closed
            assert not things(held) & learnt[-1]
            predicted.extend(things(held))
        return []

    monkeypatch.setattr(extractor_fitting, "fit", fit)
    monkeypatch.setattr(extractor_fitting, "_score_held_out", score)
    seen = _cross_fit(RelationExamples(), found, {"r": KIND}, ExtractionConfig(), None)
    assert sorted(map(sorted, predicted)) == sorted(map(sorted, things(found)))
    assert seen.passes == 3


def test_relations_are_grouped_if_one_implies_the_other():
    """A capital is always located there too; an author and an owner are one person by chance."""
    pair = {"capital", "located"}
    rows = [("Aa", "Bb", set(map(label, pair)))] * 30 + [("Cc", "Dd", {label("located")})] * 50
    chance = {"author", "owner"}
    rows += [("Ee", "Ff", set(map(label, chance)))] * 30
    rows += [("Gg", "Hh", {label(one)}) for one in chance] * 50
    space = space_of(examples_of(rows), dict.fromkeys(pair | chance, KIND), 2, closed=False)
    several = [{one.relation for one in labels} for labels in space.classes if len(labels) > 1]
    assert several == [pair]
    closed = space_of(examples_of(rows), dict.fromkeys(pair | chance, KIND), 2)
    assert len([labels for labels in closed.classes if len(labels) > 1]) == 2


def test_one_of_several_facts_is_right_by_its_share():
    """The sentence states one of a pair's two facts; with labelled rows it states both."""
    held = examples_of([("Ee", "Ff", {label("author"), label("owner")})])
    space = space_of(held, dict.fromkeys(("author", "owner"), KIND), 9, closed=False)

    class Fixed:
        def __init__(self):
            self.space = space

        def probabilities(self, pairs, items):
            return np.array([[0.6, 0.2]], np.float32)

    shares = [one.right for one in _score_held_out(Fixed(), held, closed=False)]
    assert shares == pytest.approx([0.75, 0.25])
    assert [one.right for one in _score_held_out(Fixed(), held, closed=True)] == [1.0, 1.0]


def test_a_relation_that_is_never_precise_enough_is_out_of_reach():
    """Every second prediction is right, but not the surest one: .9 cannot be reached."""
    items = [Scored("poor", 0.9 - at / 1_000, float(at % 2)) for at in range(400)]
    calibration = calibrate(items, closed=False)
    assert not calibration.reaches("poor", 0.9)
    assert calibration.reaches("poor", 0.5)


def test_few_texts_trust_the_relations_that_are_right():
    """If all relations together never reach .9, one that does has a threshold, a lucky one none."""
    items = [Scored("poor", 0.99 - at / 1_000, float(at % 2)) for at in range(200)]
    items += [Scored("good", 0.985 - at / 1_000, 1.0) for at in range(100)]
    items += [Scored("lucky", 0.98 - at / 1_000, 1.0) for at in range(4)]
    found = calibrate(items, closed=False)
    assert found.general[AT] == UNREACHABLE
    assert [found.reaches(one, 0.9) for one in ("good", "poor", "lucky", "other")] == [
        True,
        False,
        False,
        False,
    ]
    assert list(found.relations["good"]) == sorted(found.relations["good"])
    shown, share = precision(found, items)
    assert shown > 20
    assert share == 1.0


def test_precisions_that_all_relations_reach_are_unchanged():
    """The fallback changes no precision that all relations together have."""
    items = list(draws({"good": (1.0, 8_000), "bad": (0.7, 800), "few": (0.9, 60)}))
    found = calibrate(items, closed=False)
    reached = [at for at, one in enumerate(found.general) if one < UNREACHABLE]
    assert AT in reached
    for relation in ("good", "bad", "few"):
        assert all(found.relations[relation][at] >= found.general[at] for at in reached)


def test_a_lower_precision_has_no_higher_threshold():
    """A wrong prediction between the thresholds of .95 and .9 takes no lower precision away."""
    items = [Scored("all", 0.9, 1.0)] * 300 + [Scored("few", 0.6, 0.0)]
    items += [Scored("all", 0.6, 0.0)] * 18
    found = calibrate(items, closed=False)
    assert found.general[AT] < found.general[PRECISIONS.index(0.95)] < UNREACHABLE
    for relation in ("all", "few"):
        assert list(found.relations[relation]) == sorted(found.relations[relation])
    assert found.reaches("few", 0.7)


def test_lucky_first_predictions_show_no_precision():
    """The three surest of 400 and half of the others are right: .9 cannot be reached."""
    items = [Scored("poor", 0.99, 1.0)] * 3
    items += [Scored("poor", 0.9 - at / 1_000, float(at % 2)) for at in range(397)]
    found = calibrate(items, closed=False)
    assert found.general[AT] == UNREACHABLE
    assert not found.reaches("poor", 0.9)
    assert found.reaches("poor", 0.5)


def test_all_of_few_predictions_count():
    """Five right predictions show a precision if there are no others, but not beside 15 wrong."""
    right = [Scored("good", 0.9 - at / 100, 1.0) for at in range(5)]
    wrong = [Scored("good", 0.5 - at / 100, 0.0) for at in range(15)]
    assert calibrate(right, closed=False).reaches("good", 0.9)
    assert not calibrate(right + wrong, closed=False).reaches("good", 0.9)


def test_fitting_leaves_the_random_numbers_of_the_caller_as_they_are():
    labels = [{label("r")}, set()]
    examples = examples_of([(f"Ab{n}", f"Cd{n}", labels[n % 2]) for n in range(9)])
    config = ExtractionConfig(dim=2, epochs=1, min_count=1)
    space = space_of(examples, {"r": KIND}, 1)
    torch.manual_seed(7)
    wanted = torch.rand(3)
    torch.manual_seed(7)
    classifier, passes = fit(examples, RelationExamples(), space, config)
    assert torch.equal(torch.rand(3), wanted)
    assert passes == 1
    again, _ = fit(examples, RelationExamples(), space, config)
    assert np.array_equal(classifier.vectors, again.vectors)
