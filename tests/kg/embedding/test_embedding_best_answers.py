"""How often the likeliest answer is right on held-out facts, counted by hand."""

import json

import pytest
import torch

from kg.embedding.best_answers import best_answers
from kg.embedding.calibration import BestAnswer, Calibration

KEYS = ["a", "b", "x", "y", "z"]
SCORES = {
    ("a", "r", True): [9.0, 9.0, 5.0, 1.0, 0.0],
    ("b", "r", True): [9.0, 9.0, 0.0, 1.0, 3.0],
    ("y", "r", False): [2.0, 1.0, 9.0, 9.0, 9.0],
    ("z", "r", False): [1.0, 2.0, 9.0, 9.0, 9.0],
}


class Table:
    """The methods of embeddings that best_answers calls."""

    def __contains__(self, key):
        return key in KEYS

    def row(self, key):
        return KEYS.index(key)

    def scores(self, *, relation, head=None, tail=None):
        return torch.tensor(SCORES[head or tail, relation, head is not None])


def test_the_best_unknown_entities_of_the_relation():
    known = [("a", "r", "x"), ("b", "r", "x")]
    held = [("a", "r", "y"), ("b", "r", "z")]
    found = dict(zip(["a", "b", "y", "z"], best_answers(Table(), held, known, 0), strict=True))
    # x is known of a, so that y and z are left; of b it is z.
    two = torch.softmax(torch.tensor([1.0, 0.0]), 0)[0].item()
    assert found["a"] == (pytest.approx(two), True)
    assert found["b"] == (pytest.approx(torch.softmax(torch.tensor([1.0, 3.0]), 0)[1].item()), True)
    assert found["y"] == (pytest.approx(two), True)  # a before b
    assert found["z"] == (pytest.approx(two), True)
    assert not best_answers(Table(), [("a", "r", "z"), ("b", "r", "y")], known, 0)[0].right


def test_they_are_kept_with_the_calibration():
    found = Calibration(
        weights=(1.0,), mean=(0.0,), scale=(1.0,), offset=0.0, offsets={}, accuracy=1.0, count=2,
        best=(BestAnswer(0.25, True), BestAnswer(0.5, False)),
    )  # fmt: skip
    assert Calibration.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    older = found.to_dict()
    del older["best"]
    assert Calibration.from_dict(older).best == ()
