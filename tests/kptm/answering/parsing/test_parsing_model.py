"""Weights: saved and loaded, malformed files, the words that they explain."""

import json

import pytest

from kptm.answering.parsing.model import DEFAULT, VERSION, ReadingModel
from kptm.errors import ConfigError

MODEL = ReadingModel(
    DEFAULT | {"name": 9.5}, {"r>": {"who": 1.5, "": -0.5}}, {"r>": frozenset({"who"})}, 7
)


def test_saved_and_loaded_it_is_the_same(tmp_path):
    MODEL.save(tmp_path / "m.json")
    assert ReadingModel.load(tmp_path / "m.json") == MODEL
    assert ReadingModel.load(tmp_path / "none.json") == ReadingModel()


GOOD = MODEL.to_dict()


@pytest.mark.parametrize(
    "content",
    ["{", "[]", "{}", "3", *(json.dumps(GOOD | change) for change in (
        {"version": VERSION + 98}, {"dense": 3}, {"dense": {"name": "x"}},
        {"dense": {"name": float("inf")}},
        {"learnt": {"r>": 3}}, {"learnt": {"r>": {"who": None}}}, {"explains": 4},
        {"count": "x"}))],
)  # fmt: skip
def test_a_damaged_file_gives_one_line(tmp_path, content):
    (tmp_path / "m.json").write_text(content)
    with pytest.raises(ConfigError, match=r"m\.json: nothing learnt there .* learn again"):
        ReadingModel.load(tmp_path / "m.json")
