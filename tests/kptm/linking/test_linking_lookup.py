"""Mention detection, compared with a search that tries every span."""

from array import array

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg import Entity, EntityRecord
from kptm.linking import Linker
from kptm.linking.detection.lookup import fitting, longest, matches
from kptm.linking.index.index_build import Edges, IndexBuilder
from kptm.linking.index.overlay_index import Layers
from kptm.linking.names.function_words import FUNCTION_WORDS
from kptm.linking.text.characters import codes_of, fold_codes
from kptm.linking.text.passages import FoldedTexts

LETTERS = "aAbB \u0301é北京-İก\u0e31"


def layers_of(names):
    builder = IndexBuilder()
    for number, name in enumerate(names):
        builder.add(Entity(key=f"#{number}", label=name))
    return Layers(builder.arrays(Edges(array("i"), array("i"))))


def found(names, text):
    """The (start, end) of the mentions that are whole names."""
    layers, passages = layers_of(names), FoldedTexts([text])
    spans = matches(passages, layers)
    entries = layers.entries(spans.hash)
    fits = fitting(passages, spans, entries) & (entries.kind <= 1)
    possible = np.unique(entries.of[fits])
    chosen = spans.take(possible[longest(spans.take(possible))])
    return [
        passages.text_span(start, end)[1:]
        for start, end in zip(chosen.start.tolist(), chosen.end.tolist(), strict=True)
    ]


def fits_case(name, written):
    """The rule for the case of whole names, in plain Python."""
    if "".join(map(chr, folded(name))) in FUNCTION_WORDS:
        return name == written and name.isupper() and len(name) > 1
    if name == written:
        return True
    if name.isupper() and len(name) <= 4:
        return False
    if written.isupper() and len(written) > 4:
        return True
    return written[0].isupper() if name[0].isupper() else not written.isupper()


def folded(text):
    return fold_codes(codes_of(text)).codes.tolist()


def every_span(names, text):
    """The longest valid span at each position, from left to right, by trying all spans."""
    mentions, position = [], 0
    chars = fold_codes(codes_of(text))
    bounds = [p for p, b in zip(chars.places.tolist(), chars.boundary.tolist(), strict=True) if b]
    while position < len(text):
        for end in sorted((b for b in bounds if b > position), reverse=True):
            written = text[position:end]
            if position in bounds and not written[0].isspace() and not written[-1].isspace():
                same = [name for name in names if folded(name) == folded(written)]
                if any(fits_case(name, written) for name in same):
                    mentions.append((position, end))
                    position = end
                    break
        else:
            position += 1
    return mentions


def usable(name):
    """Whether a name has single spaces only, no combining accent, and a letter or digit."""
    plain = name == name.strip() and "  " not in name and "\u0301" not in name
    return plain and any(char.isalnum() for char in name)


@pytest.mark.usefixtures("many_inputs")
@settings(max_examples=300)
@given(
    st.lists(
        st.text(st.sampled_from(LETTERS), min_size=1, max_size=4).filter(usable),
        max_size=8,
        unique=True,
    ),
    st.text(st.sampled_from([char for char in LETTERS if char != "\u0301"]), max_size=14),
)
def test_equals_a_search_of_every_span(names, text):
    assert found(names, text) == every_span(names, text)


def written(names, text):
    return [text[start:end] for start, end in found(names, text)]


def test_a_longer_invalid_match_hides_no_shorter_valid_one():
    assert written(["New York", "New York Cit"], "New York City") == ["New York"]


@pytest.mark.parametrize(
    ("surface", "text", "expected"),
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
        ("New York", "New  York", ["New  York"]),
        ("Cote d'Ivoire", "Côte d’Ivoire", ["Côte d’Ivoire"]),
        ("cooperate", "co\u00adoperate", ["co\u00adoperate"]),
        ("...", "wait...", []),
        ("x" * 201, "x" * 201, []),
        ("x" * 200, "x" * 200, ["x" * 200]),
    ],
)
def test_found(surface, text, expected):
    assert written([surface], text) == expected


@pytest.mark.parametrize(
    ("name", "text", "fits"),
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
def test_case(name, text, fits):
    assert bool(found([name], text)) is fits is fits_case(name, text)


@pytest.mark.parametrize("text", ["He went to a house in town.", "It is as it was.", "I BE AT IT"])
def test_function_words_are_no_names_though_codes_and_titles_spell_them(text):
    codes = ["to", "in", "he", "It", "is", "as", "I", "be", "at", "a"]
    assert found(codes, text) == []


def test_an_acronym_that_spells_a_function_word_is_found_as_it_is_written():
    assert found(["US", "IT"], "The US has it; IT helps us.") == [(4, 6), (15, 17)]


def test_a_name_does_not_end_inside_initials(new_graph):
    graph = new_graph()
    graph.add(
        [
            EntityRecord(key="U", label="University of Utah", aliases=("The U",)),
            EntityRecord(key="US", label="United States", aliases=("U.S.",)),
        ]
    )
    text = "The U.S. signed. The U did not. The U."
    linked = Linker(graph).link(text, threshold=0.0).links
    assert [x.surface for x in linked if x.surface != "The"] == ["U.S.", "The U", "The U"]
