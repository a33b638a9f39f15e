"""Learning from answers what "grand" towers are; answers and thresholds are computed by hand."""

import pytest

from kg.types import Attribute, EntityRecord, Literal
from kg.vocabulary import XSD
from kptm import Linker, Phrasings
from kptm.answering.parsing.model import ReadingModel
from kptm.answering.parsing.parser import QuestionParser
from kptm.answering.parsing.training.answer_matching import AnswerMatcher
from kptm.answering.parsing.training.parser_training import ParserExample, Trainer
from kptm.answering.parsing.training.thresholds import Threshold, roundest

HEIGHTS = {
    "Alba": {"Arno": 12, "Bora": 61, "Cato": 48, "Dune": 90},
    "Brixen": {"Elmo": 55, "Fara": 20, "Gila": 44},
    "Corva": {"Hugo": 35, "Ivar": 130, "Jola": 52},
    "Dorna": {"Kora": 75, "Lima": 47, "Mona": 51},
    "Eska": {"Nera": 49, "Olga": 58, "Pola": 10},
}
LEAST = 50


def grand(town):
    return tuple(name for name, height in HEIGHTS[town].items() if height >= LEAST)


@pytest.fixture
def parser(new_graph):
    graph = new_graph()
    rows = [EntityRecord(key=town, label=town, types=("town",)) for town in HEIGHTS]
    for town, towers in HEIGHTS.items():
        for name, height in towers.items():
            rows += [
                EntityRecord(key=name, label=name, types=("tower",)),
                (name, "stands in", town),
                Attribute(name, "height", Literal(str(height), f"{XSD}integer")),
            ]
    graph.add(rows)
    return graph, QuestionParser(graph, Linker(graph), Phrasings({}))


def lesson(question, answers):
    return ParserExample(question, AnswerMatcher(answers, {name: (name,) for name in answers}))


def train(graph, parser, lessons):
    return Trainer(parser, graph, lambda count: None).train(lessons).model


def test_the_learnt_threshold_is_the_one_on_which_questions_agree(parser, tmp_path):
    graph, reader = parser
    taught = [lesson(f"which grand towers stand in {t}", grand(t)) for t in list(HEIGHTS)[:4]]
    model = train(graph, reader, taught)
    # The tallest tower that is not grand has 48, and the lowest grand one has 51.
    assert model.thresholds == (Threshold("grand", "tower", "height", ">=", 50.0),)
    found = reader.parse("which grand towers stand in Eska").parses[0].derivation
    assert set(found.nodes) == set(grand("Eska")) == {"Olga"}
    counted = reader.parse("how many grand towers stand in Alba").parses[0].derivation
    assert counted.number.value == "2"
    model.save(tmp_path / "model.json")
    assert ReadingModel.load(tmp_path / "model.json") == model


def test_two_questions_are_not_enough(parser):
    graph, reader = parser
    taught = [lesson(f"which grand towers stand in {t}", grand(t)) for t in list(HEIGHTS)[:2]]
    assert train(graph, reader, taught).thresholds == ()


def test_questions_that_disagree_teach_nothing(parser):
    graph, reader = parser
    # The first three towns give the intervals (61, 90], (44, 55] and (52, 130], and no threshold is
    # in all of them. Dorna gives no interval, because all its towers are answers.
    chosen = {
        "Alba": ("Dune",),
        "Brixen": ("Elmo",),
        "Corva": ("Ivar",),
        "Dorna": ("Kora", "Lima", "Mona"),
    }
    taught = [lesson(f"which odd towers stand in {t}", names) for t, names in chosen.items()]
    assert not [x for x in train(graph, reader, taught).thresholds if x.comparison == ">="]


@pytest.mark.parametrize(
    ("low", "high", "number"),
    [
        (149_000, 152_405, 150_000),
        (48, 51, 50),
        (0.0, 3.0, 3.0),
        (-5.0, -1.5, -2.0),
        (0.61, 0.668, 0.66),
    ],
)
def test_the_roundest_number_in_an_interval(low, high, number):
    assert roundest(low, high) == pytest.approx(number)
    assert low < roundest(low, high) <= high
