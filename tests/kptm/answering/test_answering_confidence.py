"""The confidence of a fact enters p and the evidence; its rank decides whether it answers.

A fact with confidence 0 or the rank "deprecated" answers no question.
"""

import pytest

from kg import Qualifier, Statement, Triple
from kg.types import Literal
from kg.vocabulary import DEPRECATED, IRI, PREFERRED, RANK


def stated(head, tail, confidence=None, rank=None, relation="capital"):
    qualifiers = (Qualifier(RANK, Literal(rank, IRI)),) if rank else ()
    return Statement(Triple(head, relation, tail), confidence=confidence, qualifiers=qualifiers)


def test_confidence_enters_p_and_the_evidence(graph, predictor):
    before = predictor.query("Turkey", "capital", None).score
    graph.add([stated("Rhine", "Tbilisi", 0.3), stated("Rhine", "Ankara", 0.95)])
    found = predictor.query("Rhine", "capital", None)
    assert [(item.entity, item.score) for item in found.answers] == [
        ("Ankara", pytest.approx(0.95 * before)),
        ("Tbilisi", pytest.approx(0.3 * before)),
    ]
    assert (found.entity, found.score) == ("Ankara", found.answers[0].score)
    said = {item.entity: item for item in found.evidence if item.kind == "triple"}
    assert said["Tbilisi"].text.endswith("with confidence 0.30")
    assert (said["Tbilisi"].score, said["Ankara"].score) == (0.3, 0.95)


def test_a_fact_that_another_source_states_with_certainty_is_certain(graph, predictor):
    before = predictor.query("Turkey", "capital", None).score
    graph.add([stated("Turkey", "Ankara", 0.1)], source="doubter")
    found = predictor.query("Turkey", "capital", None)
    assert found.score == before
    assert "confidence" not in found.explain()


def test_a_wrong_or_deprecated_fact_answers_nothing(graph, predictor):
    graph.add([stated("Rhine", "Tbilisi", 0.0), stated("North_Sea", "Ankara", None, DEPRECATED)])
    for name in ("Rhine", "North_Sea"):
        assert predictor.query(name, "capital", None).entity is None
        assert predictor.ask(f"What is the capital of {name.replace('_', ' ')}?").entity is None


def test_a_preferred_fact_is_the_answer(graph, predictor):
    graph.add([stated("Rhine", "Tbilisi"), stated("Rhine", "Ankara", rank=PREFERRED)])
    assert [item.entity for item in predictor.query("Rhine", "capital", None).answers] == ["Ankara"]


def test_the_confidences_on_a_path_are_multiplied(graph, predictor):
    graph.add(
        [stated("Rhine", "Sea", 0.5, relation="r"), stated("Sea", "Atlantic", 0.5, relation="s")]
    )
    from kg import Step
    from kptm.answering.evidence.confidence import confidences, trails_of
    from kptm.answering.questions.path_reading import Reading

    reading = Reading(
        entity="Rhine", path=(Step("r"), Step("s")), link_score=1.0,
        answers=("Atlantic",), score=1.0,
    )  # fmt: skip
    assert confidences(graph, trails_of(graph, reading, ["Atlantic"])) == {"Atlantic": 0.25}
