"""Names as people type them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg import EntityRecord
from kg.naming.folding import canonical, fold, spellings

PAIRS = [
    ("Dvořák", "dvorak"), ("Łódź", "lodz"), ("Ærøskøbing", "aeroskobing"), ("Straße", "strasse"),
    ("STRASSE", "strasse"), ("İstanbul", "istanbul"), ("Iğdır", "igdir"),
    ("Þingvellir", "thingvellir"), ("Đà Nẵng", "da nang"), ("Œuvre", "oeuvre"), ("Žižek", "zizek"),
    ("ﬁnance", "finance"), ("ＡＢＣ１", "abc1"), ("Ξενοφών", "ξενοφων"),
    ("Йошкар-Ола", "иошкар-ола"),
    ("O’Neill", "o'neill"), ("Saint–Étienne", "saint-etienne"), ("  a\t b\u00a0c ", "a b c"),
    ("שָׁלוֹם", "שלום"), ("مُحَمَّد", "محمد"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "wanted"), PAIRS)
def test_names_fold_to_what_people_type(name, wanted):
    assert fold(name) == wanted
    assert fold(unicodedata.normalize("NFD", name)) == wanted


@pytest.mark.parametrize("name", ["한국", "ガンダム", "हिन्दी", "ภาษาไทย", "北京"])
def test_marks_that_distinguish_words_stay(name):
    assert fold(name) == fold(unicodedata.normalize("NFD", name)) == name


@given(st.text())
def test_canonically_equal_texts_fold_to_the_same(text):
    forms = {unicodedata.normalize(form, text) for form in ("NFC", "NFD")} | {text}
    assert len({fold(form) for form in forms}) == 1
    assert {canonical(form) for form in forms} == {unicodedata.normalize("NFC", text)}
    assert forms <= set(spellings(text))


@pytest.mark.parametrize(("name", "typed"), [*PAIRS[:9], ("Čapek", "Capek"), ("東京", "東京")])
def test_search_finds_a_name_without_its_accents(graph, name, typed):
    graph.add([EntityRecord(key="Q1", label=name), EntityRecord(key="Q2", label="Another")])
    for text in (name, unicodedata.normalize("NFD", name), typed, typed.upper()):
        assert [item.key for item in graph.search(text)][:1] == ["Q1"]


def test_exact_spelling_comes_first(graph):
    names = {"plain": "resume", "accented": "résumé", "capital": "RÉSUMÉ letter"}
    graph.add([EntityRecord(key=key, label=name) for key, name in names.items()])
    assert [item.key for item in graph.search("résumé")] == ["accented", "plain", "capital"]
    assert graph.search("resume")[0].key == "plain"


@pytest.mark.parametrize(
    "typed", ["frnace", "Farnce", "fracne", "rfance", "Franec", "frnce", "fraance"]
)
def test_two_letters_swapped_are_a_slip_of_the_pen(graph, typed):
    graph.add([("France", "capital", "Paris"), ("Germany", "capital", "Berlin")])
    assert [item.key for item in graph.search(typed)] == ["France"]
