"""Mentions, against a search that tries every span."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kptm.errors import LinkingError
from kptm.linking.mentions import Mention, MentionFinder, fits_case
from kptm.linking.text import fold_marks, is_boundary

LETTERS = "aAbB \u0301é北京-İก\u0e31"


def every_span(surfaces, text):
    """The longest valid span at each place from left to right, by trying them all."""
    found, position = [], 0
    while position < len(text):
        for end in range(len(text), position, -1):
            written = text[position:end]
            names = tuple(
                name
                for name in surfaces
                if fold_marks(name)[0] == fold_marks(written)[0] and fits_case(name, written)
            )
            if names and is_boundary(text, position) and is_boundary(text, end):
                found.append(Mention(position, end, names))
                position = end
                break
        else:
            position += 1
    return found


def usable(name):
    return any(char.isalnum() for char in name) and not unicodedata.combining(name[0])


@settings(max_examples=400)
@given(
    st.lists(
        st.text(st.sampled_from(LETTERS), min_size=1, max_size=4).filter(usable),
        max_size=8,
        unique=True,
    ),
    st.text(st.sampled_from(LETTERS), max_size=14),
)
def test_equals_a_search_of_every_span(surfaces, text):
    assert MentionFinder(surfaces).find(text) == every_span(surfaces, text)


def found(surfaces, text):
    return [text[start:end] for start, end, _ in MentionFinder(surfaces).find(text)]


def test_a_longer_invalid_match_hides_no_shorter_valid_one():
    assert found(["New York", "New York Cit"], "New York City") == ["New York"]


@pytest.mark.parametrize(
    ("surface", "text", "written"),
    [
        ("北京", "我在北京大学", ["北京"]),
        ("ไทย", "ประเทศไทยสวย", ["ไทย"]),
        ("Ch", "China", []),
        ("الأردن", "نهر الأردن طويل", ["الأردن"]),
        ("الأردن", "والأردنية", []),
        ("Москва", "Москва-река", ["Москва"]),
        ("Москва", "Москвашвея", []),
        ("Paris", "Paris\u200b", ["Paris"]),
        ("Istanbul", "👍🏽 in İstanbul 👍", ["İstanbul"]),
        ("Bogotá", "Bogota\u0301!", ["Bogota\u0301"]),
        ("Bogota\u0301", "Bogotá!", ["Bogotá"]),
        ("Paris", "Pari\u0301s\0Paris", ["Pari\u0301s", "Paris"]),
        ("New York", "New\nYork", ["New\nYork"]),
        ("Cote d'Ivoire", "Côte d’Ivoire", ["Côte d’Ivoire"]),
        ("...", "wait...", []),
    ],
)
def test_found(surface, text, written):
    assert found([surface], text) == written


@pytest.mark.parametrize(
    ("name", "written", "fits"),
    [
        ("Turkey", "Turkey", True),
        ("Turkey", "turkey", False),
        ("Turkey", "TURKEY", True),
        ("turkey", "Turkey", True),
        ("US", "us", False),
        ("US", "Us", False),
        ("us", "US", False),
        ("UNESCO", "Unesco", True),
        ("copper", "COPPER", True),
        ("iPhone", "IPhone", True),
        ("New York", "New york", True),
        ("New York", "new York", False),
        ("北京", "北京", True),
        ("1989", "1989", True),
    ],
)
def test_case(name, written, fits):
    assert fits_case(name, written) is fits


def test_half_a_surrogate_pair_is_named():
    with pytest.raises(LinkingError, match="character 3 of the text"):
        MentionFinder(["a"]).find("e\u0301a\ud800")


def test_very_long_surfaces_are_left_out():
    assert found(["x" * 201], "x" * 201) == []
    assert found(["x" * 200], "x" * 200) == ["x" * 200]


@pytest.mark.parametrize("text", ["He went to a house in town.", "It is as it was.", "I BE AT IT"])
def test_function_words_are_no_names_though_codes_and_titles_spell_them(text):
    codes = ["to", "in", "he", "It", "is", "as", "I", "be", "at", "a"]
    assert MentionFinder(codes).find(text) == []


def test_an_acronym_that_spells_a_function_word_is_found_as_it_is_written():
    found = MentionFinder(["US", "IT"]).find("The US has it; IT helps us.")
    assert [(mention.start, mention.surfaces) for mention in found] == [(4, ("US",)), (15, ("IT",))]
