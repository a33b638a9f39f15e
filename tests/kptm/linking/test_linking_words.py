"""English words: names of peoples, abbreviations, everyday words; and texts without case."""

import pytest

from kg import EntityRecord
from kptm.linking import Linker
from kptm.linking.names import english_lexicon as lexicon
from kptm.linking.names.genders import gender_in, stated_genders
from kptm.linking.names.peoples import people_of
from kptm.linking.names.surface_forms import FEMALE, MALE, PLACE, class_of, forms_of, variants
from kptm.linking.text.recasing import recase, without_case

RECORDS = [
    EntityRecord(key="NL", label="Netherlands", description="country in Europe"),
    EntityRecord(key="US", label="United States of America", aliases=("U.S.", "USA"),
    description="country in America"),
    EntityRecord(key="CA", label="California", description="state of the United States"),
    EntityRecord(key="FR", label="France", description="country in Europe"),
    EntityRecord(key="PA", label="Paris", description="capital city of France"),
    EntityRecord(key="AE", label="Albert Einstein", description="German physicist, a person"),
    EntityRecord(key="NA", label="NASA", description="agency"),
    EntityRecord(key="TO", label="Today", description="album"),
    EntityRecord(key="CU", label="copper", description="metal"),
]  # fmt: skip


@pytest.fixture
def linker(new_graph):
    graph = new_graph()
    graph.add(
        [*RECORDS, *(("PA", "capital of", "FR"), ("FR", "borders", "NL"), ("CA", "in", "US"))]
    )
    return Linker(graph)


@pytest.mark.parametrize(
    ("place", "people"),
    [
        ("Netherlands", ("Dutch", "Dutchman", "Dutchmen", "Dutchwoman")),
        ("Peru", ("Peruvian", "Peruvians")),
        ("united states of america", ("American", "Americans")),
    ],
)
def test_peoples_are_listed_by_place(place, people):
    assert tuple(people_of(place)) == people


def test_a_place_that_is_not_listed_has_its_peoples_by_rule():
    assert "Utopian" in set(people_of("Utopia"))


def test_forms_have_the_abbreviation_of_a_state():
    forms = {form for form, _ in forms_of(RECORDS[2], class_of(RECORDS[2]))}
    assert {"California", "Calif.", "Californian"} <= forms
    assert class_of(RECORDS[2]) == PLACE


def test_a_name_in_quotes_has_its_parts_and_orders():
    rose = EntityRecord(key="R", label="Witch hazel 'Ember Glow'")
    forms = {form for form, _ in forms_of(rose, class_of(rose))}
    assert {
        "Witch hazel Ember Glow",
        "Ember Glow Witch hazel",
        "Ember Glow",
        "Witch hazel",
    } <= forms
    assert not set(variants("O'Brien's Bar")) - {"O'Brien's Bar"}  # apostrophes are not quotes


@pytest.mark.parametrize(
    ("label", "short"),
    [
        ("Dr. Eva Maria Holm", {"Dr. Holm", "Dr Holm"}),
        ("George Washington Carver", {"George Carver"}),
        ("Scales 3: Over the Hills", {"Scales 3"}),
    ],
)
def test_a_long_name_has_short_forms(label, short):
    record = EntityRecord(key="R", label=label)
    assert short <= {form for form, _ in forms_of(record, class_of(record))}


def test_peoples_and_abbreviations_are_linked(linker):
    found = {
        x.surface: x.entity
        for x in linker.link("Dutch ships reached Fresno, Calif.", threshold=0.01).links
    }
    assert found == {"Dutch": "NL", "Calif.": "CA"}


@pytest.mark.parametrize(
    "words", [lexicon.everyday_words, lexicon.given_names, lexicon.surnames, lexicon.titles]
)
def test_word_lists_are_sorted_and_between_0_and_1(words):
    found = words()
    assert (found.hashes[1:] > found.hashes[:-1]).all()
    assert 0 < found.values.min() < found.values.max() <= 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("albert einstein was never in california or at nasa", True),
        ("ALBERT EINSTEIN WAS NEVER IN CALIFORNIA", True),
        ("Albert einstein was never in california", False),
        ("is it paris", False),
        ("1234 5678 9012 3456 7890 1234 5678", False),
        ("北京是中国的首都", False),
    ],
)
def test_a_text_without_case(text, expected):
    assert without_case(text) == expected


def test_names_get_their_capitals_back(linker):
    text = "today albert einstein flew from california to paris for nasa, with copper"
    expected = "today Albert Einstein flew from California to Paris for NASA, with copper"
    layers = linker.refresh()
    assert recase(text, layers) == expected
    assert recase(text.upper(), layers) == expected


@pytest.mark.parametrize("change", [str.lower, str.upper])
def test_a_text_without_case_is_linked_like_one_with_it(change, linker):
    text = "The physicist Albert Einstein moved from Paris in France to California long ago."
    usual = linker.link(text)
    other = linker.link(change(text))
    assert {(x.start, x.end, x.entity) for x in usual.links} == {
        (x.start, x.end, x.entity) for x in other.links
    }
    assert len(usual.links) == 4
    assert all(change(text)[x.start : x.end] == x.surface for x in other.links)


@pytest.mark.parametrize(
    ("name", "forms"),
    [
        ("St. Louis", ["St Louis"]),
        ("A.S. Roma", ["AS Roma"]),
        ("Robert A. M. Stern", ["Robert A M Stern"]),
        ("Coca-Cola", ["Coca Cola"]),
        ("Procter & Gamble", ["Procter and Gamble"]),
        ("William and Mary", ["William & Mary"]),
        ("Mr.", []),
        ("1.5", []),
        ("Paris", []),
    ],
)
def test_spellings_of_a_name(name, forms):
    assert list(variants(name)) == forms


@pytest.mark.parametrize(
    ("noun", "plural"),
    [
        ("poet", "poets"),
        ("bus", "buses"),
        ("city hall", "city halls"),
        ("party", "parties"),
        ("toy", "toys"),
    ],
)
def test_the_plural_of_a_common_noun_is_found_where_common_nouns_are(new_graph, noun, plural):
    graph = new_graph()
    graph.add([EntityRecord(key="x", label=noun, description="a thing"), ("x", "is", "y")])
    text = f"Many {plural} are seen."
    assert Linker(graph).link(text, threshold=0.0).links == ()
    found = Linker(graph, policy="all").link(text, threshold=0.0)
    assert [link.surface for link in found.links] == [plural]


def test_other_spellings_are_found(new_graph):
    graph = new_graph()
    graph.add(
        [
            EntityRecord(key="roma", label="A.S. Roma", description="Italian football club"),
            EntityRecord(key="us", label="United States", description="country"),
            ("roma", "plays in", "us"),
        ]
    )
    found = Linker(graph).link("AS Roma flew to the US yesterday.")
    assert [(link.surface, link.entity) for link in found.links] == [
        ("AS Roma", "roma"),
        ("US", "us"),
    ]


@pytest.mark.parametrize(
    ("text", "gender"),
    [
        ("American actress and singer", FEMALE),
        ("king of Spain", MALE),
        ("British writer", 0),
        ("the first woman and the first man there", 0),
        ("", 0),
    ],
)
def test_the_gender_in_a_description(text, gender):
    assert gender_in(text) == gender


@pytest.mark.parametrize(
    ("values", "gender"),
    [
        (("m",), MALE),
        (("x",), 0),
        (("m", "x"), MALE),
        (("x", "f"), FEMALE),
        (("f", "m"), 0),
        (("m", "f"), 0),
    ],
)
def test_the_gender_that_several_values_state(new_graph, values, gender):
    """Whatever the order in which they were added."""
    graph = new_graph()
    labels = {"m": "male", "f": "female", "x": "unknown"}
    graph.add(EntityRecord(key=key, label=label) for key, label in labels.items())
    graph.add([("kim", "gender", value) for value in values])
    assert stated_genders(graph) == {"kim": gender}
