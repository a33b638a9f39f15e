"""Canonically equal texts are one name, and a misspelling gets a suggestion."""

import unicodedata

import pytest

from kg import EntityRecord, Step, Triple, UnknownKeyError

NAMES = ["Auditoría", "Йошкар-Ола", "한국", "がく", "Việt Nam", "Å"]


def forms(name):
    return [unicodedata.normalize(form, name) for form in ("NFC", "NFD")]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("stored", [0, 1])
def test_composed_and_decomposed_names_are_one(graph, name, stored):
    """The graph has one form, a user types the other; the key stays as it was stored."""
    key, typed = forms(name)[stored], forms(name)[1 - stored]
    assert key != typed
    relation, asked = f"r {key}", f"r {typed}"
    graph.add([(key, relation, "x"), ("y", "s", key)])
    fact = Triple(key, relation, "x")
    assert graph.entity(typed).key == key
    assert graph.entities([typed])[typed].key == key
    assert graph.relation(asked).key == relation
    assert list(graph.match(typed)) == list(graph.match(typed, asked)) == [fact]
    assert list(graph.match(tail=typed)) == [Triple("y", "s", key)]
    assert list(graph.query([(typed, asked, "?x")])) == [("x",)]
    assert graph.follow(typed, [Step(relation)]) == ["x"]
    assert graph.neighbours(typed, direction="out") == [fact]
    assert graph.paths(typed, "x") == [[fact]]
    assert graph.describe(typed).entity.key == key
    assert {change.fact for change in graph.history(typed)} == set(graph.match())
    assert graph.search(typed)[0].key == key
    graph.edit(typed, asked, "y")
    assert set(graph.match()) == {Triple(key, relation, "y"), Triple("y", "s", key)}
    assert set(graph.keys()) - {"x"} == {key, "y"}
    assert graph.remove(head=typed, relation=asked) == 1
    assert graph.forget(entity=typed)
    assert list(graph.match()) == []
    graph.purge(entity=typed)
    assert key not in graph.entities([key])


def test_two_given_keys_stay_two(graph):
    composed, decomposed = forms("Auditoría")
    graph.add([(composed, "r", "1"), (decomposed, "r", "2")])
    assert [item.tail for item in graph.match(composed)] == ["1"]
    assert [item.tail for item in graph.match(decomposed)] == ["2"]


@pytest.fixture
def countries(graph):
    graph.add(
        [
            ("Q142", "P36", "Q90"),
            ("Germany", "currency", "Euro"),
            EntityRecord(key="Q142", label="France"),
            EntityRecord(key="P36", label="capital"),
        ]
    )
    return graph


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        (lambda g: g.entity("Frnace"), r"did you mean 'France' \(Q142\)\?"),
        (lambda g: g.describe("Gremany"), "did you mean 'Germany'"),
        (lambda g: g.neighbours("Germny"), "did you mean 'Germany'"),
        (lambda g: g.paths("Germany", "Frnce"), r"did you mean 'France' \(Q142\)"),
        (lambda g: g.edit("Germany", "curency", "Euro"), "did you mean 'currency'"),
        (lambda g: g.edit("Germany", "currency", "Eruo"), "did you mean 'Euro'"),
        (lambda g: g.relation("capitla"), r"did you mean 'capital' \(P36\)"),
        (lambda g: g.query([("?c", "curency", "Euro")], strict=True), "did you mean 'currency'"),
        (lambda g: g.query([("?c", "currency", "Eruo")], strict=True), "did you mean 'Euro'"),
    ],
)
def test_unknown_names_are_answered_with_suggestions(countries, call, wanted):
    with pytest.raises(UnknownKeyError, match=wanted):
        list(call(countries))


def test_nothing_is_suggested_without_a_similar_name(countries):
    with pytest.raises(UnknownKeyError) as caught:
        countries.entity("Xyzzyplugh")
    assert "did you mean" not in str(caught.value)
    with pytest.raises(UnknownKeyError, match="the graph has P36, currency"):
        countries.relation("Xyzzyplugh")


def test_a_pattern_of_unknown_names_matches_nothing_unless_it_is_strict(countries):
    assert list(countries.query([("?c", "curency", "Euro")])) == []
    assert list(countries.query([("?c", "capital", "Germany")], strict=True)) == []
