"""The files of the reading model: saving, loading, and malformed content."""

import json

import pytest

from kptm.answering.parsing.model import DEFAULT, VERSION, ReadingModel
from kptm.errors import ConfigError

MODEL = ReadingModel(
    DEFAULT | {"name": 9.5}, {"r>": {"who": 1.5, "": -0.5}}, {"r>": frozenset({"who"})}, 7
)


def test_a_loaded_model_equals_the_saved_one(tmp_path):
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
def test_a_damaged_file_is_refused_with_its_path_and_the_remedy(tmp_path, content):
    (tmp_path / "m.json").write_text(content)
    with pytest.raises(ConfigError, match=r"m\.json: nothing learnt there .* learn again"):
        ReadingModel.load(tmp_path / "m.json")
