"""Which reading is meant: the formula by hand, and weights that were known when the questions were made."""

from dataclasses import asdict
from math import exp, log

import numpy as np
import pytest

from kptm.answering.ranking import (
    ENOUGH,
    GUESS,
    LACKING,
    NONE,
    SPREAD,
    SPREAD_OF_NONE,
    Doubt,
    Otherwise,
    Ranking,
    Sample,
    Signs,
)

NOTHING = Signs(*[0.0] * len(GUESS))
DOUBT = Doubt(0.5, log(0.2))


def test_before_it_is_fitted_a_score_is_the_product_of_what_speaks_for_it():
    said = NOTHING._replace(sense=log(0.64), words=log(0.5), direction=log(0.9))
    silent = said._replace(silent=1.0, misplaced=1.0)
    other = said._replace(other_type=1.0, other_kind=1.0)
    found = Ranking().score(np.array([said, silent, other]), DOUBT)
    assert found == pytest.approx([0.36, 0.36 * 0.35 * 0.2, 0.36 / 9 * 0.4])


def test_fitted_it_is_p_beside_the_other_readings_and_none():
    none = Otherwise(-1.0, -2.0, 3.0, 0.5)
    ranking = Ranking(GUESS, none, 60)
    signs = [NOTHING._replace(words=log(0.5)), NOTHING._replace(words=log(0.1))]
    whole = 0.5 + 0.1 + exp(-1) + exp(-2 + 3 * 0.5 + 0.5 * log(0.2))
    assert ranking.score(np.array(signs), DOUBT) == pytest.approx([0.5 / whole, 0.1 / whole])


def samples(count, weights, none, seed=0):
    """Questions with five readings each, of which one or none is meant as often as the weights say."""
    rng = np.random.default_rng(seed)
    ranking = Ranking(weights, none, 1)
    for _ in range(count):
        signs = np.zeros((5, len(GUESS)))
        signs[:, :2] = np.log(rng.uniform(0.01, 1, (5, 2)))
        doubt = Doubt(float(rng.uniform()), log(0.01))
        p = ranking.score(signs, doubt)
        meant = rng.choice(6, p=np.append(p, 1 - p.sum()))
        yield Sample(signs, doubt, np.arange(5) == meant, np.zeros(5, bool))


def lost(given, weights, none):
    """What a fit makes least, reading by reading."""
    total = sum((a - b) ** 2 for a, b in zip(weights, GUESS, strict=True)) / 2 / SPREAD
    total += sum((a - b) ** 2 for a, b in zip(none, NONE, strict=True)) / 2 / SPREAD_OF_NONE
    ranking = Ranking(Signs(*weights), Otherwise(*none), 1)
    for item in given:
        p = ranking.score(item.signs, item.doubt)
        if not item.right.any():
            total -= log(1 - p[~item.silent].sum())
            continue
        total -= log(p[item.right].sum())
        signs = item.signs.copy()
        at = Signs._fields.index
        signs[item.right, at("silent")] = 1
        signs[item.right, at("kind")] = signs[item.right, at("other_kind")] = 0
        p = ranking.score(signs, item.doubt)
        total -= LACKING * log(1 - p[~(item.silent | item.right)].sum())
    return total


def test_a_fit_is_where_the_least_is_lost():
    given = list(samples(80, GUESS._replace(words=2.0), Otherwise(-1.0, -3.0, 1.0, 0.0)))
    found = Ranking.fit(given)
    assert found.count == 80
    best = np.array([*found.weights, *found.none])
    least = lost(given, best[:-4], best[-4:])
    rng = np.random.default_rng(1)
    for _ in range(40):
        near = best + rng.normal(0, 0.03, len(best))
        assert lost(given, near[:-4], near[-4:]) > least


def test_what_questions_were_made_by_is_found_again():
    weights = GUESS._replace(sense=1.0, words=2.0)
    found = Ranking.fit(list(samples(3_000, weights, Otherwise(-2.0, -4.0, 2.0, 0.0))))
    assert found.weights.words == pytest.approx(2.0, abs=0.15)
    assert found.weights.sense == pytest.approx(1.0, abs=0.15)
    others = list(samples(3_000, weights, Otherwise(-2.0, -4.0, 2.0, 0.0), seed=1))
    p = np.array([found.score(item.signs, item.doubt).max() for item in others])
    right = [item.right[found.score(item.signs, item.doubt).argmax()] for item in others]
    assert p.mean() == pytest.approx(np.mean(right), abs=0.04)


def test_of_few_questions_nothing_is_fitted():
    assert Ranking.fit(list(samples(ENOUGH - 1, GUESS, NONE))) == Ranking()


def test_it_is_read_back():
    found = Ranking.fit(list(samples(ENOUGH, GUESS, NONE)))
    assert Ranking.from_dict(asdict(found)) == found
    good = asdict(Ranking())
    for bad in ({"weights": [1.0]}, {"none": [0.0] * 3 + [float("nan")]}, {"none": ["x"] * 4}):
        with pytest.raises(ValueError, match=r"finite|float"):
            Ranking.from_dict(good | bad)
