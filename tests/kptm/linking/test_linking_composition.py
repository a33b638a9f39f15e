"""Names are linked in other Unicode forms, with ligatures, strokes and HTML entities.

Offsets refer to the original text.
"""

import html
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.types import EntityRecord
from kptm.linking import Linker
from kptm.linking.text.characters import codes_of, fold_codes
from kptm.linking.text.composition import compose

NAMES = {
    "KO": "한국은행",
    "JA": "ガンダム",
    "UA": "Київ",
    "ES": "Málaga",
    "PL": "Łódź",
    "DK": "Helsingør",
    "IS": "Ægir",
    "TR": "Iğdır",
    "DE": "Straßburg",
    "FI": "Office Park",
    "AT": "Marks & Spencer",
    "VN": "Huế",
}
TEXTS = [
    ("KO", "나는 한국은행에 갔다", "한국은행"),
    ("JA", "これはガンダムです", "ガンダム"),
    ("JA", "これはｶﾞﾝﾀﾞﾑです", "ｶﾞﾝﾀﾞﾑ"),
    ("UA", "місто Київ тут", "Київ"),
    ("ES", "in Málaga today", "Málaga"),
    ("PL", "from Łódź to", "Łódź"),
    ("PL", "from Lodz to", "Lodz"),
    ("DK", "in Helsingor now", "Helsingor"),
    ("IS", "the sea of Aegir is", "Aegir"),
    ("IS", "the sea of Ægir is", "Ægir"),
    ("TR", "near Igdir today", "Igdir"),
    ("DE", "in Strassburg today", "Strassburg"),
    ("FI", "at the Oﬃce Park today", "Oﬃce Park"),
    ("FI", "at the Ｏｆｆｉｃｅ Park today", "Ｏｆｆｉｃｅ Park"),
    ("AT", "sold by Marks &amp; Spencer today", "Marks &amp; Spencer"),
    ("AT", "sold by Marks &#38; Spencer today", "Marks &#38; Spencer"),
    ("VN", "the city of Huế lies", "Huế"),
]


@pytest.fixture
def linker(new_graph):
    graph = new_graph()
    graph.add([EntityRecord(key=key, label=name) for key, name in NAMES.items()])
    return Linker(graph)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize(("key", "text", "surface"), TEXTS)
def test_names_in_other_forms_are_linked_with_exact_offsets(linker, form, key, text, surface):
    text, surface = unicodedata.normalize(form, text), unicodedata.normalize(form, surface)
    (link,) = linker.link(text).links
    assert (link.entity, link.surface) == (key, surface)
    assert text[link.start : link.end] == surface


def is_joined(base, mark):
    """Whether a letter and an accent of Latin, Greek or Cyrillic compose to one character."""
    return "\u0300" <= mark <= "\u0345" and len(unicodedata.normalize("NFC", base + mark)) == 1


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0&")))
def test_composed_text_is_what_unicode_says(text):
    """A composed character equals its part of the text in form KC; the parts cover the text."""
    found = compose(codes_of(text))
    if found is None:
        assert not any(is_joined(*pair) for pair in pairwise(text))
        return
    for code, start, end in zip(*(array.tolist() for array in found), strict=True):
        part = text[start:end]
        assert end - start == 1 or unicodedata.normalize("NFKC", part) == unicodedata.normalize(
            "NFKC", chr(code)
        )
    assert found.starts.tolist() == [0, *found.ends.tolist()[:-1]][: len(found.starts)]


@given(st.text(st.characters(max_codepoint=0x24F, categories=["L"]), min_size=1))
def test_composed_and_decomposed_letters_fold_to_the_same(text):
    folded = [fold_codes(codes_of(unicodedata.normalize(form, text))) for form in ("NFC", "NFD")]
    assert folded[0].codes.tolist() == folded[1].codes.tolist()
    assert folded[0].flags.tolist() == folded[1].flags.tolist()


@given(st.lists(st.sampled_from(["&amp;", "&eacute;", "&#x41;", "&nope;", "&", ";", "a b", "&lt"])))
def test_entities_are_what_html_says(parts):
    text = "".join(parts)
    found = compose(codes_of(text))
    codes = codes_of(text) if found is None else found.codes
    whole = [html.unescape(part) if part.endswith(";") else part for part in parts]
    if not any(
        part in ("&", "&lt") for part in parts
    ):  # "&" and "&lt" may form an entity with the next part
        assert "".join(map(chr, codes.tolist())) == "".join(whole)


def test_a_letter_with_a_thousand_marks_takes_no_longer_than_its_length():
    codes = codes_of("e" + "\u0301" * 100_000)
    assert len(compose(codes).codes) >= len(codes) - 4
    assert compose(codes[:1]) is None
