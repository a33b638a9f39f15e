"""Folding maps characters to offsets in the original text, as a plain Python version does.

The script decides where a name may begin and end.
"""

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kptm.errors import LinkingError
from kptm.linking.text.char_classes import fold, fold_chars, kind
from kptm.linking.text.characters import Hashes, codes_of, fold_codes
from kptm.linking.text.composition import compose

ODD = "aZ éÉ\u0301\u0308İıßẞŒ北京กำ\u0e31👍🏽\u200b\u200d\ufe0f’—\t\n\u00a0\0'-ع\u064bДд한글"
ZERO_WIDTH = "\u00ad\u200c\u200d\u2060\ufeff"


def folded(text):
    return "".join(map(chr, fold_codes(codes_of(text)).codes.tolist()))


def folded_plainly(text):
    """The folded characters with their offsets, computed one by one.

    Composition has its own tests.
    """
    found = []
    base = previous = ""
    composed = compose(codes_of(text))
    starts = range(len(text)) if composed is None else composed.starts.tolist()
    chars = text if composed is None else map(chr, composed.codes.tolist())
    for place, char in zip(starts, chars, strict=True):
        accent = "\u0300" <= char <= "\u036f"
        space = char.isspace() or char == "\u200b"
        follows_letter = accent and "a" <= fold_chars(base or " ")[0] <= "z"
        if not (char in ZERO_WIDTH or (space and previous == "space") or follows_letter):
            found.extend((folded, place) for folded in fold_chars(char))
        base = base if accent else char
        previous = "space" if space else "other"
    return found


@given(st.text())
def test_folding_keeps_the_length(text):
    assert len(fold(text)) == len(text)


@given(st.text(st.sampled_from(ODD)) | st.text())
def test_arrays_fold_as_plain_python_does(text):
    found = fold_codes(codes_of(text))
    pairs = zip(map(chr, found.codes.tolist()), found.places.tolist()[:-1], strict=True)
    assert list(pairs) == folded_plainly(text)
    assert found.places[-1] == len(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("İstanbul", "istanbul"),
        ("São Paulo", "sao paulo"),
        ("Côte d’Ivoire", "cote d'ivoire"),
        ("New\nYork", "new york"),
        ("New \n York", "new york"),
        ("Guinea–Bissau", "guinea-bissau"),
        ("ΑΘΉΝΑ", "αθήνα"),
        ("한글", "한글"),
        ("a`b\tc", "a'b c"),
        (unicodedata.normalize("NFD", "São Paulo é"), "sao paulo e"),
        ("\u0301a", "\u0301a"),  # no letter before the accent
        ("co\u00adoperate", "cooperate"),
    ],
)
def test_folded(text, expected):
    assert folded(text) == expected


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
        ("ع\u064b", 1, False),  # before an Arabic vowel sign
        ("Paris\u200b!", 5, True),  # zero-width space separates
        ("می\u200cخواهم", 2, False),  # zero-width non-joiner does not
        ("Paris👍", 5, True),
        ("B2B", 1, False),
        ("snake_case", 5, False),
        ("x", 0, True),
        ("x", 1, True),
    ],
)
def test_boundaries_by_script(text, place, boundary):
    assert bool(fold_codes(codes_of(text)).boundary[place]) is boundary


@given(st.text(st.sampled_from(ODD)))
def test_a_boundary_is_never_inside_a_spaced_word(text):
    found = fold_codes(codes_of(text))
    kinds = [kind(text[place]) for place in found.places.tolist()[:-1]]
    for at in range(1, len(kinds)):
        if kinds[at - 1] == kinds[at] == "a":
            assert not found.boundary[at]


def test_half_a_surrogate_pair_is_named():
    with pytest.raises(LinkingError, match="character 3 of the text"):
        codes_of("e\u0301a\ud800")


@given(st.text(max_size=30), st.data())
def test_spans_have_the_same_hash_where_they_have_the_same_characters(text, data):
    codes = codes_of(text)
    bounds = st.integers(0, len(text))
    a, b = sorted((data.draw(bounds), data.draw(bounds)))
    whole, part = Hashes(codes), Hashes(codes[a:b])
    one = whole(np.array([a]), np.array([b]))[0]
    assert one == part(np.array([0]), np.array([b - a]))[0]
    other = data.draw(st.text(max_size=8))
    another = Hashes(codes_of(other))(np.array([0]), np.array([len(other)]))[0]
    assert (one == another) == (text[a:b] == other)
