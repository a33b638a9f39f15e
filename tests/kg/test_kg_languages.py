"""Which label is shown, by the language ranges of BCP 47."""

import pytest

from kg import Attribute, InvalidNameError, KnowledgeGraph, Literal
from kg.naming.languages import checked_languages, preferred_text
from kg.vocabulary import DESCRIPTION, LABEL


def shown(tags, languages=()):
    """The tag of the text that is shown; each text is its tag."""
    return preferred_text([Literal(tag, language=tag) for tag in tags], languages)


@pytest.mark.parametrize(
    ("tags", "languages", "wanted"),
    [
        (["ar", "mul"], [], "mul"),
        (["de", "en-gb"], [], "en-gb"),
        (["en-gb", "en"], [], "en"),
        (["mul", "en"], [], "en"),
        (["en", ""], [], ""),
        (["fr", "de"], [], "de"),
        (["fr", "de"], ["fr"], "fr"),
        (["en", "", "mul", "fr-ca"], ["fr"], "fr-ca"),
        (["fr-ca", "fr-be"], ["fr"], "fr-be"),
        (["en", "pt"], ["pt-br"], "pt"),
        (["pt", "pt-pt"], ["pt-pt", "pt"], "pt-pt"),
        (["en", "zh-hant-tw", "zh-hans"], ["zh-hant"], "zh-hant-tw"),
        (["eng", "enm", "de"], ["en"], "de"),  # no tag that begins with two letters of another
        (["de", "es"], ["fr", "es", "de"], "es"),
        (["ar", "mul", "en"], ["fr"], "mul"),
        (["ar", "en-gb"], ["fr"], "en-gb"),
        (["de--rtl"], ["de"], "de--rtl"),
        ([], ["de"], None),
    ],
)
def test_the_nearest_language_is_shown(tags, languages, wanted):
    assert shown(tags, languages) == wanted
    assert shown(tags[::-1], languages) == wanted


def test_the_newest_label_of_a_language_is_shown():
    assert preferred_text([Literal("a", language="en"), Literal("b", language="en")]) == "b"


def test_a_graph_is_shown_in_the_languages_that_it_is_opened_with(new_place):
    place = new_place()
    with KnowledgeGraph.open(place, languages=["de", "EN"]) as graph:
        for language in ("en-GB", "de-AT", "ar"):
            for relation in (LABEL, DESCRIPTION):
                graph.add([Attribute("Q1", relation, Literal(f"in {language}", language=language))])
        graph.add([("Q2", "Q1", "Q3")])
        assert graph.entity("Q1").label == "in de-AT"
        assert graph.entity("Q1").description == "in de-AT"
        assert "in ar" in graph.entity("Q1").aliases
        assert graph.relations()[0].label == "in de-AT"
        assert graph.at(2).entity("Q1").label == "in en-GB"
        assert graph.search("in ar")[0].label == "in de-AT"
    with KnowledgeGraph.open(place, languages="ar") as graph:
        assert graph.entity("Q1").label == "in ar"
    with pytest.raises(InvalidNameError, match=r"'d e' is not a language"):
        KnowledgeGraph.open(place, languages=["d e"])


def test_languages_are_in_lower_case_without_duplicates():
    assert checked_languages(["pt-BR", "de", "PT_br"]) == ("pt-br", "de")


def test_the_same_graph_in_another_language(new_graph):
    graph = new_graph()
    texts = {"en": "Germany", "de": "Deutschland", "mul": "DE"}
    graph.add([("Q1", "borders", "Q2")])
    graph.add(Attribute("Q1", LABEL, Literal(text, language=code)) for code, text in texts.items())
    german = graph.in_languages(["de-AT", "en"])
    assert (german.entity("Q1").label, graph.entity("Q1").label) == ("Deutschland", "Germany")
    assert graph.in_languages(["fr"]).entity("Q1").label == "DE"
    assert graph.at(1).in_languages(["de"]).entity("Q1").label == "Q1"  # before it had a label
    graph.add([Attribute("Q2", LABEL, Literal("Polen", language="de"))])
    assert german.entity("Q2").label == "Polen"
    with pytest.raises(InvalidNameError, match="not a language"):
        graph.in_languages(["x!"])
