"""Sentences in other languages than English, which use templates, and the files of languages."""

import pytest

from kg import KnowledgeGraph
from kg.programs import Aggregate, Exists, Follow, Named, OfType, Superlative, Within
from kg.programs import Measure as Measured
from kg.types import Literal, Step
from kg.vocabulary import XSD
from kptm.answering.answer import Answer
from kptm.answering.answer_parts import ScoredEntity
from kptm.answering.sentences import LANGUAGES, SentenceWriter
from kptm.answering.sentences.languages import language

PERU = Follow(Named(("Perú",)), Step("Hauptstadt"))
EURO = Follow(Named(("Euro",)), Step("moneda", forward=False))


@pytest.fixture(scope="module")
def writer(tmp_path_factory):
    with KnowledgeGraph.open(tmp_path_factory.mktemp("languages") / "graph.db") as graph:
        graph.add([("Perú", "Hauptstadt", "Lima")])
        yield SentenceWriter(graph)


def said(writer, code, program, *names, value=None, **parts):
    answers = tuple(ScoredEntity(None if value else name, name, 0.6, value) for name in names)
    answer = Answer(question="?", score=0.6, answers=answers, program=program, **parts)
    return writer.complete(answer, code).sentence


def test_all_languages_have_the_same_templates():
    assert {"de", "en", "es", "zh"} <= set(LANGUAGES)
    shared = {"predicted", "unknown", "yes", "no_stated"}
    for code in LANGUAGES:
        assert shared <= set(language(code).sentences), code
    others = [set(language(code).sentences) - {"end"} for code in LANGUAGES if code != "en"]
    assert all(other == others[0] for other in others)


@pytest.mark.parametrize(
    ("code", "program", "names", "expected"),
    [
        ("de", PERU, ["Lima"], "Hauptstadt von Perú: Lima."),
        ("es", PERU, ["Lima", "Cusco"], "Hauptstadt de Perú: Lima y Cusco."),
        ("es", EURO, ["Francia", "Italia"], "Con moneda Euro: Francia e Italia."),
        ("zh", PERU, ["Lima"], "Perú的Hauptstadt是Lima。"),
        ("zh", EURO, ["法国", "德国", "意大利"], "Moneda为Euro的有法国、德国和意大利。"),
        ("de", Follow(PERU, Step("Einwohner")), ["5"], "Einwohner von Hauptstadt von Perú: 5."),
        (
            "de",
            Superlative(OfType("Fluss"), Measured((Step("Länge"),)), "max"),
            ["Rhein"],
            "Rhein.",
        ),
    ],
)
def test_sentences_for_sets(writer, code, program, names, expected):
    assert said(writer, code, program, *names) == expected


@pytest.mark.parametrize(
    ("code", "counted", "holds"),
    [("de", "Es gibt 9.", "Ja."), ("es", "Hay 9.", "Sí."), ("zh", "共9个。", "是。")],
)
def test_counts_and_verdicts(writer, code, counted, holds):
    number = Literal("9", f"{XSD}integer")
    assert said(writer, code, Aggregate("count", PERU), "9", value=number) == counted
    yes = Literal("true", f"{XSD}boolean")
    assert said(writer, code, Exists(PERU), "yes", value=yes) == holds


@pytest.mark.parametrize(
    ("code", "yes", "no", "neither"),
    [
        ("de", "Ja, Hauptstadt von Perú: Lima.",
         "Nein: im Graphen steht Hauptstadt von Perú: Lima, nicht Cusco.", "Nein."),
        ("es", "Sí, Hauptstadt de Perú: Lima.",
         "No: en el grafo consta Hauptstadt de Perú: Lima, no Cusco.", "No."),
        ("zh", "是，Perú的Hauptstadt是Lima。", "不是：图中记载Perú的Hauptstadt是Lima，不是Cusco。",
        "不是。"),
    ],
)  # fmt: skip
def test_a_yes_or_no_sentence_states_the_fact(writer, code, yes, no, neither):
    true, false = (Literal(word, f"{XSD}boolean") for word in ("true", "false"))
    peru, lima = Named(("Perú",)), Named(("Lima",))
    assert said(writer, code, Within(lima, PERU), "yes", value=true) == yes
    inverse = Within(peru, Follow(Named(("Cusco",)), Step("Hauptstadt", forward=False)))
    assert said(writer, code, inverse, "no", value=false) == no
    unknown = Within(lima, Follow(Named(("Chile",)), Step("Hauptstadt")))
    assert said(writer, code, unknown, "no", value=false) == neither


def test_predictions_and_refusals(writer):
    found = said(writer, "de", PERU, "Lima", predicted=True)
    assert found == "Vermutlich: Hauptstadt von Perú: Lima (p = .60)."
    assert said(writer, "es", None, reason="no name") == "No lo sé: no name."
    assert said(writer, "zh", None, reason="x") == "不知道：x。"


def test_a_language_without_templates_gets_english_sentences(writer):
    assert said(writer, "fi", PERU, "Lima") == "The hauptstadt of Perú is Lima."


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Was ist die Hauptstadt von Perú?", "Hauptstadt von Perú: Lima."),
        ("¿Cuál es la capital de Perú?", "Hauptstadt de Perú: Lima."),
        ("秘鲁的首都", "Perú的Hauptstadt是Lima。"),
        ("Perú capital", "The hauptstadt of Perú is Lima."),
        ("hauptstadt of los angeles", "The hauptstadt of Perú is Lima."),
    ],
)
def test_the_language_is_that_of_the_question(writer, question, expected):
    answers = (ScoredEntity("Lima", "Lima", 0.9),)
    answer = Answer(question=question, score=0.9, answers=answers, program=PERU)
    assert writer.complete(answer).sentence == expected
