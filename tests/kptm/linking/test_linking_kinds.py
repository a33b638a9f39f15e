"""Features of the words beside a name: articles, prepositions, verbs, words of a description."""

import numpy as np
import pytest

from kg import EntityRecord
from kg.types import Entity
from kptm.linking import Linker
from kptm.linking.detection.mention_candidates import candidates_of
from kptm.linking.disambiguation.candidate_features import features
from kptm.linking.disambiguation.disambiguation_model import KIND_BESIDE
from kptm.linking.names.surface_forms import (
    SETTLEMENT,
    TERRITORY,
    WATER,
    is_qualified,
    place_kind,
)
from kptm.linking.text.passages import FoldedTexts

RECORDS = [
    EntityRecord(key="Jordan", label="Jordan", description="kingdom on the bank of a river"),
    EntityRecord(key="Jordan_(river)", label="Jordan", description="river of the Near East"),
    EntityRecord(key="MJ", label="Michael Jordan", aliases=("Jordan",), types=("person",)),
    EntityRecord(key="IR", label="Ireland", description="country of Europe"),
    EntityRecord(key="II", label="Ireland", description="large island of the Atlantic"),
]  # fmt: skip


@pytest.fixture
def layers(new_graph):
    graph = new_graph()
    graph.add([*RECORDS, ("Jordan", "borders", "IR"), ("Jordan_(river)", "in", "Jordan")])
    return Linker(graph).refresh()


def columns_of(layers, text):
    """The features of each candidate in a text with one mention, by key."""
    passages = FoldedTexts([text])
    found = candidates_of(passages, layers)
    assert len(found.passage) == 1
    columns = features(passages, layers, found)
    return {
        key: {name: float(values[at]) for name, values in columns.items()}
        for at, key in enumerate(layers.keys(found.entity.tolist()))
    }


@pytest.mark.parametrize(
    ("entity", "kind"),
    [
        (Entity(key="a", label="Jordan", description="kingdom on the bank of a river"), TERRITORY),
        (Entity(key="b", label="Jordan", description="river of the Near East"), WATER),
        (
            Entity(key="c", label="Lyon", description="trade centre", types=("city",)),
            SETTLEMENT,
        ),
        (Entity(key="d", label="Congo River"), WATER),
        (Entity(key="e", label="Ada Lovelace", description="English mathematician"), 0),
    ],
)
def test_kind_of_place_is_that_of_the_types_then_of_the_first_word_that_says_one(entity, kind):
    assert place_kind(entity) == kind


@pytest.mark.parametrize(
    ("key", "label", "aliases", "qualified"),
    [
        ("Paris_(Texas)", "Paris", (), True),
        ("Paris", "Paris", (), False),
        ("Q1", "Athens, Ohio", (), True),
        ("Q2", "Paris (mythology)", (), True),
        ("Washington,_D.C.", "Washington", (), True),
        ("a, b", "Otherwise", (), False),
    ],
)
def test_a_name_with_more_behind_it_is_qualified(key, label, aliases, qualified):
    assert is_qualified(Entity(key=key, label=label, aliases=aliases)) == qualified


def test_each_kind_has_what_stands_beside_the_name(layers):
    found = columns_of(layers, "They crossed the Jordan at night.")
    assert found["Jordan_(river)"]["water, after the"] == 1
    assert found["Jordan"]["territory, after the"] == 1
    assert found["Jordan"]["water, after the"] == found["MJ"]["water, after the"] == 0
    assert found["Jordan_(river)"]["qualified"] == 1 > found["Jordan"]["qualified"]


def test_a_pronoun_of_a_person_counts_in_its_own_sentence_alone(layers):
    name = "person, pronoun"
    assert columns_of(layers, "Jordan missed his flight.")["MJ"][name] == 1
    assert columns_of(layers, "Jordan was hot. He left.")["MJ"][name] == 0
    assert columns_of(layers, "His luck failed Jordan.")["MJ"][name] == 0


@pytest.mark.parametrize(
    ("text", "verb", "noun"),
    [
        ("Jordan dunked it.", 1, 0),
        ("Jordan flew home.", 1, 0),
        ("Jordan shoes sold out.", 0, 1),
        ("Jordan, shoes.", 0, 0),
        ("Jordan and more.", 0, 0),
        ("Jordan", 0, 0),
    ],
)
def test_the_word_after_a_name_is_a_verb_or_a_noun(layers, text, verb, noun):
    found = columns_of(layers, text)["MJ"]
    assert (found["person, a verb follows"], found["person, a noun follows"]) == (verb, noun)


def test_a_word_of_a_description_right_beside_the_name_counts(layers):
    beside = columns_of(layers, "On the island of Ireland it rains.")
    assert beside["II"]["described beside"] == 1 > beside["IR"]["described beside"]
    far = columns_of(layers, "The island lay far to the west of Ireland.")
    assert far["II"]["described beside"] == 0


def test_features_of_a_text_do_not_depend_on_the_batch(layers):
    texts = ["We saw the Jordan", "by night he slept.", "Ireland won.", "", "island"]
    passages = FoldedTexts(texts)
    together = features(passages, layers, found := candidates_of(passages, layers))
    for at, text in enumerate(texts):
        single = FoldedTexts([text])
        alone = candidates_of(single, layers)
        chosen = found.passage[found.of] == at
        assert chosen.sum() == len(alone.of)
        if len(alone.of):
            apart = features(single, layers, alone)
            for name in (*KIND_BESIDE, "person, pronoun", "described beside"):
                assert np.array_equal(together[name][chosen], apart[name]), name


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("They met at the Shore of Ireland.", "after a capital and of", 1),
        ("They met the CEO of Ireland.", "after a capital and of", 0),
        ("They met the President of Ireland.", "after a capital and of", 0),
        ("They met in the Province of Ireland.", "after a capital and of", 0),
        ("They held it in Ireland last summer.", "a noun follows", 0),
        ("They knew an Ireland expert there.", "a noun follows", 1),
        ("It is an Ireland-based firm.", "place, a small word after a hyphen", 1),
        ("It is the Ireland-Wales match.", "place, a small word after a hyphen", 0),
        ("They saw Ireland, Wales and more.", "comma and capital", 1),
        ("They saw Ireland, Wales and more.", "person, comma and capital", 0),
        ("They met in Ireland Tuesday.", "a capital follows", 0),
        ("They met Ireland President Higgins.", "a capital follows", 0),
        ("They met on Ireland Avenue.", "a capital follows", 1),
        ("They crossed an Irish island.", "people of, a noun follows", 1),
        ("They spoke of the Irish.", "people of, a noun follows", 0),
        ("They crossed an Ireland road.", "people of, a noun follows", 0),
    ],
)
def test_what_stands_beside_a_place(text, name, expected, layers):
    assert columns_of(layers, text)["IR"][name] == expected


def test_a_list_of_people_is_no_address(new_graph):
    graph = new_graph()
    graph.add([EntityRecord(key="BD", label="Bob Dylan", types=("person",))])
    found = columns_of(Linker(graph).refresh(), "They heard Dylan, Joel and more.")["BD"]
    assert found["last name"] == found["person, comma and capital"] == 1
    assert found["comma and capital"] == found["part, comma and capital"] == 0
    assert found["given name"] == found["person, given name"] == 0  # "Dylan" is his last name


def test_a_word_is_no_everyday_one_where_the_whole_name_is_said(new_graph):
    graph = new_graph()
    graph.add([EntityRecord(key="DT", label="Donald Trump", types=("person",))])
    layers = Linker(graph).refresh()
    name = "an everyday word begins a sentence"
    assert columns_of(layers, "Trump left.")["DT"][name] == 1
    passages = FoldedTexts(["Donald Trump came. Trump left."])
    found = candidates_of(passages, layers)
    assert features(passages, layers, found)[name].tolist() == [0, 0]
