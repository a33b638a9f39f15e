"""The similarity of two names, and whether blocking finds the similar pairs."""

import itertools
import math
import random

import pytest

from kg import EntityRecord, KnowledgeGraph
from kptm.duplicates import blocks
from kptm.duplicates.name_keys import keys_of
from kptm.duplicates.name_similarity import NameComparer, words_of


@pytest.fixture
def comparer():
    known = {"iceland": 5, "ireland": 9, "republic": 20, "of": 90, "games": 12}
    return NameComparer(lambda word: known.get(word, 1), lambda word: 1 / known.get(word, 1))


@pytest.mark.parametrize(
    ("first", "second", "how"),
    [
        ("Barack Obama", "BARACK  OBAMA", "the same name"),
        ("José Martí", "Jose Marti", "the same name"),
        ("Barack Obama", "Obama, Barack", "the same words in another order"),
        ("Barack Obama", "Barack Obbama", "1 word in common, 1 slip"),
        ("John Smith", "J. Smith", "1 word in common, 1 abbreviation"),
        ("United Nations", "UN", "an acronym"),
        ("Museum of Modern Art", "M.M.A.", "an acronym"),
        ("Lord of the Rings", "Lord Rings", "the same words but for small ones"),
        ("Prize of Stage Direction", "Prize of StageDirection", "2 words in common, 1 slip"),
        ("Maid in Manhattan", "Maid Manhattan", "the same words but for small ones"),
        ("Piano", "E. Piano", "1 word in common"),
        ("Society of Film Arts", "Society of ilm Arts", "3 words in common, 1 slip"),
        ("The Towering Inferno", "Thz Towering Inferno", "2 words in common, 1 slip"),
    ],
)
def test_how_names_are_alike(comparer, first, second, how):
    assert comparer.compare(first, second).how == how
    assert comparer.compare(second, first).how == how


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("SKA", "State Kansas Association"),
        ("s.k.a.", "State Kansas Association"),
        ("S. K. A.", "State Kansas Association"),
        ("xka", "xylophone keys association"),
    ],
)
def test_initials_in_capitals_with_dots_or_of_no_word_are_acronyms(comparer, first, second):
    for one, other in ((first, second), (second, first)):
        assert comparer.compare(one, other).abbreviated == 1


def test_a_shortened_word_that_other_names_have_is_told_from_an_abbreviation():
    known = {"ska": 5, "skate": 3, "punk": 20, "corp": 80, "corporation": 90, "acme": 1}
    comparer = NameComparer(lambda word: known.get(word, 1), lambda word: 1.0)
    words = {
        ("ska punk", "Skate punk"): 1,
        ("Ska. punk", "Skate punk"): 0,  # a dot abbreviates
        ("S punk", "Skate punk"): 0,  # so does an initial
        ("Acme Corp", "Acme Corporation"): 0,  # as is usual
        ("Skat punk", "Skate punk"): 0,  # no name has "skat"
    }
    for (first, second), count in words.items():
        for one, other in ((first, second), (second, first)):
            assert comparer.compare(one, other).short_words == count


def test_a_much_rarer_word_is_a_slip():
    known = {"county": 900, "counyt": 3, "bounty": 20, "pembroke": 2}
    comparer = NameComparer(lambda word: known.get(word, 1), lambda word: 1.0)
    assert comparer.compare("Pembroke County", "Pembroke Counyt").slips == 1
    assert comparer.compare("Pembroke County", "Pembroke Bounty").slips == 0


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Ska", "State Kansas Association"),  # a word, here of a name
        ("games", "great american music elements survey"),  # a word of several names
        ("Go", "George Orwell"),
        ("Score with Orchestra", "Score without Orchestra"),  # a small word
        ("Heat in Chicago", "Heat Inc. Chicago"),
    ],
)
def test_words_are_no_abbreviations(comparer, first, second):
    for one, other in ((first, second), (second, first)):
        assert comparer.compare(one, other).abbreviated == 0


def test_two_known_words_are_no_slips_of_each_other(comparer):
    found = comparer.compare("Republic of Iceland", "Republic of Ireland")
    assert found.slips == 0
    assert found.left_over == pytest.approx(1 / 9)
    assert found.extra == pytest.approx(1 / 5)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Republic of Iceland", "Republicof Ireland"),  # another word, not only another space
        ("Oswego Lake", "Otsego Lake"),  # one word, with two letters changed
        ("Games 2 Come", "Games 3Come"),
        ("Best Score for Orchestra", "Best Score without Orchestra"),
    ],
)
def test_other_words_are_no_slips_across_words(comparer, first, second):
    assert comparer.compare(first, second).left_over > 0


@pytest.mark.parametrize(
    ("first", "second"), [("Saw II", "Saw III"), ("Saw 2", "Saw 3"), ("Games X", "Games XIX")]
)
def test_numbers_are_neither_slips_nor_abbreviations(comparer, first, second):
    found = comparer.compare(first, second)
    assert (found.slips, found.abbreviated, found.numbers_differ) == (0, 0, True)


def test_share_is_the_weight_of_the_words_in_common(comparer):
    found = comparer.compare("Republic of Iceland", "Republic of Ghana")
    common = 2 * (1 / 20 + 1 / 90)
    assert found.share == pytest.approx(common / (common + 1 / 5 + 1))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("einstein", "Einstien"),
        ("Obama, Barack", "barack obama"),
        ("J. Tolkien", "John Tolkien"),
        ("UN", "United Nations"),
        ("Gandhi", "Gandhii"),
    ],
)
def test_alike_names_share_a_key(first, second):
    common = dict.fromkeys(words_of("j john barack obama tolkien united nations"), 10_000)
    assert set(keys_of(first, common)) & set(keys_of(second, common))


def test_pairs_are_those_with_a_common_key(tmp_path, monkeypatch):
    """Several passes find the same pairs as brute force over all pairs."""
    chance = random.Random(3)
    words = ["anna", "berta", "carl", "dora", "emil", "otto", "ida"]
    with KnowledgeGraph.open(tmp_path / "graph.db") as graph:
        graph.add(
            EntityRecord(key=f"k{at}", label=" ".join(chance.sample(words, 2))) for at in range(60)
        )
        with graph.database.reading() as sql:
            counts, entities, postings = blocks.WordCounts.of(sql)
            names = dict(blocks.entity_facts.stream_names(sql))
            keys = {
                number: {key for name in found for key in keys_of(name, counts)}
                for number, found in names.items()
            }
            every = set().union(*keys.values())
            held = {key: [at for at in keys if key in keys[at]] for key in every}
            wanted = {
                pair
                for found in held.values()
                if len(found) <= blocks.MAX_BLOCK_SIZE
                for pair in itertools.combinations(sorted(found), 2)
            }
            found = [tuple(row) for part in blocks.pairs(sql, counts, postings) for row in part]
            assert len(found) == len(set(found))
            assert set(found) == wanted
            monkeypatch.setattr(blocks, "MAX_KEYS_IN_MEMORY", postings // 3)
            again = {tuple(row) for part in blocks.pairs(sql, counts, postings) for row in part}
        assert again == wanted
        assert entities == 60
        assert counts["anna"] == sum("anna" in name for (name,) in names.values())
        assert counts.weight("anna") == pytest.approx(math.log1p(60 / counts["anna"]))
