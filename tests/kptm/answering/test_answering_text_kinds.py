"""Answers from texts must have the same type as the relation's answers in the graph."""

import pytest

from kg.types import Attribute, EntityRecord, Literal, Step
from kg.values import ValueKey
from kg.vocabulary import XSD
from kptm.answering.questions.path_reading import Reading
from kptm.answering.sources.candidate_sets import CandidateSets
from kptm.answering.sources.text_kinds import of_its_kind
from kptm.passages.reader.passage_reader import ReadAnswer

NUMBER = Literal("7", f"{XSD}integer")
TYPES = {"Ann": "person", "Bob": "person", "Eve": "person", "Curium": "element", "Lima": "city"}


@pytest.mark.parametrize(
    ("relation", "kept"),
    [
        (
            "mother",
            {"Bob", "Nobody", "Plain"},
        ),  # a person, a name that is not in the graph, an entity without type
        ("population", {"number"}),
        ("spouse", {"Bob", "Curium", "Nobody", "Plain", "number"}),  # the relation has no facts
    ],
)
def test_answers_of_another_type_are_left_out(new_graph, relation, kept):
    graph = new_graph()
    graph.add([EntityRecord(key=key, types=(kind,)) for key, kind in TYPES.items()])
    graph.add([EntityRecord(key="Plain"), ("Eve", "mother", "Ann")])
    graph.add([Attribute("Lima", "population", NUMBER)])
    read = [ReadAnswer(key, 0.2, ()) for key in ("Bob", "Curium", "Nobody", "Plain")]
    read.append(ReadAnswer(ValueKey(NUMBER), 0.2, ()))
    reading = Reading(entity="Lima", path=(Step(relation),), link_score=1.0, answers=(), score=0.9)
    side = CandidateSets(graph).of(relation, True)
    found = of_its_kind(graph, reading, side, read)
    assert {"number" if isinstance(x.node, ValueKey) else x.node for x in found} == kept
