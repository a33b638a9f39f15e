"""Word similarity: a mention's sentence and a candidate's description, as word vectors."""

import numpy as np
import pytest

from kg import EntityRecord
from kptm.linking import Linker
from kptm.linking.detection.mention_candidates import candidates_of
from kptm.linking.disambiguation.candidate_features import features
from kptm.linking.disambiguation.word_similarity import ALIKE, word_similarity
from kptm.linking.index.index_build import word_hashes
from kptm.linking.names.english_lexicon import listed_words
from kptm.linking.names.english_words import FOLDER
from kptm.linking.names.word_vectors import word_vectors
from kptm.linking.text.passages import FoldedTexts

DELPHI = [
    EntityRecord(key="place", label="Delphi", description="ancient sanctuary"),
    EntityRecord(key="code", label="Delphi", description="compiler"),
    EntityRecord(key="alone", label="Zanzibar", description="island"),
]


def vector(words):
    vectors = word_vectors()
    return vectors.rows[vectors.of(word_hashes(words.split()))].sum(axis=0)


def cosine(one, other):
    return one @ other / np.linalg.norm(one) / np.linalg.norm(other)


@pytest.fixture
def layers(new_graph):
    graph = new_graph()
    graph.add(DELPHI)
    return Linker(graph).refresh()


def similarities(texts, layers):
    """The similarity features of each candidate, by passage and key."""
    passages = FoldedTexts(texts)
    found = candidates_of(passages, layers)
    columns = word_similarity(passages, layers, found)
    keys = layers.keys(found.entity.tolist())
    rows = zip(found.passage[found.of].tolist(), keys, strict=True)
    return {row: tuple(columns[name][at] for name in ALIKE) for at, row in enumerate(rows)}


def test_each_listed_word_has_a_vector():
    words = listed_words("vectors.txt")
    assert len(set(words)) == len(words) == len(np.load(FOLDER / "vectors.npy"))
    vectors = word_vectors()
    assert (np.diff(vectors.hashes.astype(object)) > 0).all()
    assert not vectors.rows[vectors.of(word_hashes(["xqzzy"]))].any()


@pytest.mark.parametrize(
    ("word", "near", "far"),
    [
        ("pilgrim", "sanctuary", "software"),
        ("river", "lake", "album"),
        ("goalkeeper", "football", "opera"),
        ("compile", "programming", "temple"),
    ],
)
def test_words_of_like_meaning_are_near(word, near, far):
    assert cosine(vector(word), vector(near)) > cosine(vector(word), vector(far)) + 0.1


def test_the_cosine_of_the_words_around_and_of_the_description(layers):
    found = similarities(["Pilgrims climbed far to Delphi with questions."], layers)
    around = vector("pilgrims climbed far with questions")
    expected = [
        around @ vector(words) / np.linalg.norm(vector(words)) / (2 + np.linalg.norm(around))
        for words in ("ancient sanctuary place", "compiler code")
    ]
    assert found[0, "place"] == pytest.approx((expected[0], 0.0), abs=1e-5)
    assert found[0, "code"] == pytest.approx((expected[1], expected[1] - expected[0]), abs=1e-5)
    assert expected[0] > expected[1]


def test_another_sentence_changes_nothing(layers):
    one, more = (
        "Pilgrims climbed slowly to Delphi.",
        " The compiler of the program failed on Zanzibar.",
    )
    alone, joined = similarities([one], layers), similarities([one + more], layers)
    assert all(joined[row] == pytest.approx(alone[row]) for row in alone)


def test_the_same_alone_and_in_a_batch(layers):
    texts = [
        "",
        "Pilgrims climbed to Delphi.",
        "Delphi",
        "We saw Zanzibar.",
        "He wrote Delphi programs",
    ]
    together = similarities(texts, layers)
    for number, text in enumerate(texts):
        for (_, key), values in similarities([text], layers).items():
            assert together[number, key] == pytest.approx(values)


def test_a_name_of_one_meaning_or_with_few_words_around_it_is_like_nothing(layers):
    assert similarities(["They sailed to Zanzibar at night."], layers)[0, "alone"] == (0, 0)
    assert similarities(["Delphi"], layers)[0, "place"] == (0, 0)
    assert similarities(["Pilgrims climbed to Delphi."], layers)[0, "place"] == (0, 0)


def test_a_neighbour_is_not_named_by_a_name_of_something_else(new_graph):
    """The mention "Virginia" does not name West Virginia, a neighbour of the candidate Ireland.

    Coherence, not this feature, uses facts between mentions.
    """
    graph = new_graph()
    graph.add(
        [
            EntityRecord(key=x, label=x)
            for x in ("Ireland", "West Virginia", "Virginia", "Old Harbour")
        ]
    )
    graph.add([("Ireland", "has", "West Virginia"), ("Ireland", "has", "Old Harbour")])
    layers = Linker(graph).refresh()

    def named(text):
        passages = FoldedTexts([text])
        found = candidates_of(passages, layers)
        at = layers.keys(found.entity.tolist()).index("Ireland")
        return features(passages, layers, found)["neighbours named"][at]

    assert named("Ireland traded with Virginia.") == 0
    assert named("Ireland has a harbour.") > 0
