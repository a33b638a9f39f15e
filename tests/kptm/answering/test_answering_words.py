"""The content words of questions, and their stems."""

import pytest

from kptm.answering.questions.content_words import question_words, stem


def test_content_words_of_a_question():
    assert question_words("Who directed the films of [X]?") == ["direct", "film"]
    assert question_words("Cities, city's, 42 [MASK]")[:2] == ["city", "city"]


@pytest.mark.parametrize(
    "forms",
    [("acted actor actors acts"
        " act"), "starred stars star starring", "writer written writes writing", "cities city",
     "directed director directs", "released release", "founder founded founding",
     "cross crosses crossed crossing", "box boxes", "pass passes passed",
     "bake baked bakes baking", "live lives lived living", "use used uses", "die dies died",
     "rate rates rated rating", "plan plans planned planning", "own owns owned owning",
     "fight fought fights fighting", "win won wins winner", "marry married marries marrying",
     "supply supplies supplied supplier", "teach taught teacher"],
)  # fmt: skip
def test_forms_of_a_word_have_one_stem(forms):
    assert len({stem(word) for word in forms.split()}) == 1


@pytest.mark.parametrize(
    "words",
    [
        "country county",
        "state star",
        "king kin",
        "river rival",
        "red read",
        "bed be",
        "rat rate",
        "paid pay",
        "found founded",
    ],
)
def test_different_words_have_different_stems(words):
    assert len({stem(word) for word in words.split()}) == 2
