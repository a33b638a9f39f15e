"""Folding keeps offsets; names begin and end where their script lets them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kptm.linking.text import fold, fold_marks, is_boundary

ODD = "aZ éÉ\u0301\u0308İıßẞŒ北京กำ\u0e31👍🏽\u200b\u200d\ufe0f’—\t\n\u00a0\0'-ع\u064bДд한글"


@given(st.text())
def test_folding_keeps_the_length(text):
    assert len(fold(text)) == len(text)


@given(st.text(st.sampled_from(ODD)))
def test_folding_is_character_by_character(text):
    assert fold(text) == "".join(fold(char) for char in text)


@given(st.text(st.sampled_from(ODD)))
def test_each_place_stands_for_the_character_it_came_from(text):
    folded, places = fold_marks(text)
    places = list(range(len(text) + 1)) if places is None else places
    assert len(places) == len(folded) + 1
    assert places[-1] == len(text)
    assert [fold(text[place]) for place in places[:-1]] == list(folded)
    dropped = set(range(len(text))) - set(places)
    assert all(unicodedata.combining(text[place]) for place in dropped)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("İstanbul", "istanbul"),
        ("São Paulo", "sao paulo"),
        ("Côte d’Ivoire", "cote d'ivoire"),
        ("New\nYork", "new york"),
        ("Guinea–Bissau", "guinea-bissau"),
        ("ΑΘΉΝΑ", "αθήνα"),
        ("한글", "한글"),
        ("a`b\tc", "a'b c"),
    ],
)
def test_folded(text, folded):
    assert fold(text) == folded


def test_accents_of_their_own_are_dropped():
    text = unicodedata.normalize("NFD", "São Paulo é")
    assert fold_marks(text)[0] == "sao paulo e"
    assert fold_marks("\u0301a")[0] == "\u0301a"  # nothing before it to stand on


@pytest.mark.parametrize(
    ("text", "place", "boundary"),
    [
        ("China", 2, False),  # Latin
        ("a b", 1, True),
        ("Москва", 3, False),  # Cyrillic
        ("الأردن", 2, False),  # Arabic
        ("भारत", 2, False),  # Devanagari
        ("北京大学", 2, True),  # Han
        ("東京Tower", 2, True),
        ("ประเทศไทย", 6, True),  # Thai
        ("กำลัง", 3, False),  # before a Thai vowel sign
        ("서울에서", 2, True),  # Hangul with a particle
        ("e\u0301", 1, False),  # before an accent
        ("Paris\u200b!", 5, True),  # zero-width space separates
        ("می\u200cخواهم", 3, False),  # zero-width non-joiner does not
        ("Paris👍", 5, True),
        ("B2B", 1, False),
        ("snake_case", 5, False),
        ("x", 0, True),
        ("x", 1, True),
    ],
)
def test_boundaries_by_script(text, place, boundary):
    assert is_boundary(text, place) is boundary
