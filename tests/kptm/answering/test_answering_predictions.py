"""Predictions are marked as such, and are shown only if they are calibrated and likely enough."""

import pytest

from kg.embedding.calibration import BestAnswer, Calibration
from kg.types import EntityRecord, Step
from kptm import Linker, Predictor
from kptm.answering.answer import Answer
from kptm.answering.answer_parts import ScoredEntity
from kptm.answering.combination.source_weights import SourceWeights
from kptm.answering.config import PredictorConfig
from kptm.answering.sources.plausible import is_plausible
from kptm.answering.sources.source_set import SourceSet


def test_the_text_of_a_prediction_begins_with_predicted():
    answer = Answer(
        question="q",
        entity="k",
        score=0.5,
        answers=(ScoredEntity("k", "Ankara", 0.5),),
        predicted=True,
    )
    assert str(answer) == "predicted: Ankara"
    assert answer.explain().startswith("predicted: Ankara (0.50)")
    assert "<strong>predicted: Ankara" in answer.explain("html")
    assert answer.to_dict()["predicted"] is True
    assert str(Answer(question="q", token="word")).startswith("predicted: ")


def test_uncalibrated_predictions_are_refused(graph, phrasings, table):
    def query(config):
        linker = Linker(graph)
        predictor = Predictor(graph, linker, None, table, phrasings=phrasings, config=config)
        return predictor.query("Armenia", "capital")

    hidden = query(PredictorConfig(min_score=0.0))
    assert (hidden.found, hidden.why) == (False, "uncalibrated")
    assert "learn from answered questions" in hidden.reason
    assert not any(city in hidden.explain() for city in ("Tbilisi", "Atlanta", "Ankara"))
    shown = query(PredictorConfig(min_score=0.0, uncalibrated=True))
    fitted = query(PredictorConfig(min_score=0.0, weights=SourceWeights(count=60)))
    assert shown.predicted
    assert fitted.predicted
    assert str(fitted).startswith("predicted: ")
    assert not query(PredictorConfig(sources=("graph",))).found


@pytest.mark.parametrize("config", [PredictorConfig(), PredictorConfig(uncalibrated=True)])
def test_query_many_gives_the_same_answers_as_query(graph, phrasings, table, config):
    predictor = Predictor(graph, Linker(graph), None, table, phrasings=phrasings, config=config)
    asked = [
        ("Armenia", "capital", None),
        ("Turkey", "capital", None),
        ("Rhine", "capital", None),  # no river has a capital
        (None, "capital", "Quicksilver"),
        (None, "capital", "Ankara"),
    ]
    one_by_one = [predictor.query(head, relation, tail) for head, relation, tail in asked]
    found = predictor.query_many([*asked, ("nobody", "capital", None)])
    assert found.pop() is None
    assert [(str(item), item.why, item.path, item.topic) for item in found] == [
        (str(item), item.why, item.path, item.topic) for item in one_by_one
    ]


def test_a_query_by_names_loads_no_lexicon(graph, phrasings, monkeypatch):
    for module in ("kptm.answering.parsing.question.question_reader", "kptm.answering.lexicon"):
        monkeypatch.setattr(f"{module}.load", lambda: pytest.fail("all languages were read"))
    predictor = Predictor(graph, Linker(graph), phrasings=phrasings)
    assert predictor.query("Turkey", "capital").sentence


def test_sources_whose_answer_would_be_refused_are_not_asked(graph, phrasings, table, monkeypatch):
    predictor = Predictor(graph, Linker(graph), None, table, phrasings=phrasings)
    monkeypatch.setattr(SourceSet, "ask_sources", lambda *_: pytest.fail("a source was asked"))
    questions = [("Armenia", "capital", None), ("Rhine", "capital", None)]
    assert [item.why for item in predictor.query_many(questions)] == ["uncalibrated", "fact"]


@pytest.mark.parametrize(
    ("entity", "step", "wanted"),
    [
        ("Peru", Step("capital"), True),  # another country has a capital
        ("Osaka", Step("capital"), False),  # no city has a capital
        ("Lima", Step("capital", forward=False), True),  # Paris, another city, is a capital
        ("Peru", Step("capital", forward=False), False),
        ("X", Step("capital"), True),  # X has no type, but has "borders" like France
        ("Y", Step("capital"), False),
        ("nobody", Step("capital"), False),
    ],
)
def test_a_relation_is_plausible_if_a_similar_entity_has_it(new_graph, entity, step, wanted):
    graph = new_graph()
    graph.add([
        *(EntityRecord(key=key, types=("country",)) for key in ("France", "Peru")),
        *(EntityRecord(key=key, types=("city",)) for key in ("Paris", "Osaka", "Lima")),
        ("France", "capital", "Paris"),
        ("France", "borders", "Spain"),
        ("Peru", "borders", "Chile"),
        ("Osaka", "country", "Japan"),
        ("Lima", "country", "Peru"),
        ("X", "borders", "Spain"),
        ("Y", "country", "Japan"),
    ])  # fmt: skip
    assert is_plausible(graph, entity, step) is wanted


def test_a_stated_fact_is_no_prediction(predictor):
    assert not predictor.ask("What is the capital of Turkey?").predicted


def test_held_out_facts_calibrate_link_prediction(graph, phrasings, table):
    def query(best):
        calibration = Calibration(
            weights=(0.0,) * 4, mean=(0.0,) * 4, scale=(1.0,) * 4, offset=0.0, offsets={},
            accuracy=0.5, count=2, best=tuple(best),
        )  # fmt: skip
        table.calibration = calibration
        predictor = Predictor(graph, Linker(graph), None, table, phrasings=phrasings)
        return predictor.query("Armenia", "capital")

    # Nine of ten held-out answers are right at any p of the softmax, or one of ten is.
    good = query([BestAnswer(0.01 + n / 100, n % 10 != 0) for n in range(99)])
    assert good.predicted
    assert good.score == pytest.approx(0.9, abs=0.05)
    assert "ranks it 1 of" in good.explain()
    bad = query([BestAnswer(0.01 + n / 100, n % 10 == 0) for n in range(99)])
    assert (bad.found, bad.why) == (False, "doubt")
    few = query([BestAnswer(0.5, True)] * 20)
    assert (few.found, few.why) == (False, "uncalibrated")
