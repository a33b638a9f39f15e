"""Sentences with a blank: whether the blank is head or tail, with similarities by hand."""

import pytest

from kptm import Phrasings
from kptm.answering.parsing.question.blanks import (
    BLANK,
    NAME,
    BlankSides,
    likeness,
    with_question_word,
)

SIDES = BlankSides(
    Phrasings(
        {
            "capital": ["The capital of [X] is [Y].", "[Y], seat of [X]."],
            "flows": ["[X] flows to [Y]."],
        }
    )
)


def test_a_question_word_for_the_blank_keeps_character_positions():
    text = "Paris, capital of [MASK], lies in [MASK]."
    spoken = with_question_word(text)
    assert len(spoken) == len(text)
    assert spoken == "Paris, capital of which , lies in       ."


def test_likeness_is_the_jaccard_index_of_bigrams():
    # The bigrams are (a, b), (b, c) and (b, c), (c, d): one of three is common to both.
    assert likeness("abc", "bcd") == pytest.approx(1 / 3)
    assert likeness("abc", "abc") == 1.0
    assert likeness("a", "b") == 0.0


@pytest.mark.parametrize(
    ("relation", "sentence", "tail"),
    [
        ("capital", ["the", "capit", "of", NAME, "is", BLANK], True),
        ("capital", ["the", "capit", "of", BLANK, "is", NAME], False),
        ("capital", [BLANK, "seat", "of", NAME], True),
        ("capital", [NAME, "seat", "of", BLANK], False),
        ("flows", [NAME, "flow", "to", BLANK], True),
        ("capital", [NAME, "is", BLANK], None),  # no content word of a phrasing
        ("borders", [NAME, "border", BLANK], None),  # the relation has no phrasing
    ],
)
def test_the_most_similar_phrasing_decides_the_side_of_the_blank(relation, sentence, tail):
    from kptm.answering.lexicon import load

    stems = [
        word
        if word in (NAME, BLANK)
        else load().tokens({"capit": "capital"}.get(word, word))[0].stem
        for word in sentence
    ]
    assert SIDES.blank_is_tail(relation, stems) is tail
