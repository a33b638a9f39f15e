"""Misspelt words of operators."""

import pytest

from kptm.answering.lexicon import load


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("averge", "average"),
        ("higest", "highest"),
        ("loewst", "lowest"),
        ("tallr", "taller"),  # a letter is rather left out than added to "tall"
        ("betwen", "between"),
        ("ovens", None),  # no operator is near
        ("mor", None),  # too short to tell
    ],
)
def test_a_misspelt_operator_is_found(typed, meant):
    [token] = load().tokens(typed, "en")
    found = load().correct(token, "en")
    assert (found and found.folded) == meant
    if found is not None:
        assert (found.text, found.start, found.end) == (typed, 0, len(typed))
        [right] = load().tokens(meant, "en")
        assert found.stem == right.stem
