"""Correction of misspelt words of operators."""

import pytest

from kptm.answering.lexicon import load


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("averge", "average"),
        ("higest", "highest"),
        ("loewst", "lowest"),
        ("tallr", "taller"),  # rather a letter left out of "taller" than one added to "tall"
        ("betwen", "between"),
        ("ovens", None),  # one edit leads to no operator
        ("mor", None),  # too short to be corrected
    ],
)
def test_a_misspelt_operator_is_corrected(typed, meant):
    [token] = load().tokens(typed, "en")
    found = load().correct(token, "en")
    assert (found and found.folded) == meant
    if found is not None:
        assert (found.text, found.start, found.end) == (typed, 0, len(typed))
        [right] = load().tokens(meant, "en")
        assert found.stem == right.stem
