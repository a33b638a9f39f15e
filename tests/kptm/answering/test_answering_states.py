"""No answer comes from an old state of the graph, although revision numbers are reused.

The number of a withdrawn revision, or of a transaction that was rolled back, is given to the next
change. The oracle is the graph itself, read without a cache.
"""

from contextlib import contextmanager, suppress

import pytest

from kg.programs import Follow, Named
from kg.types import EntityRecord, Step
from kptm import Linker, Predictor
from kptm.answering.parsing.parser import QuestionParser
from kptm.answering.questions.naming import RelationNames
from kptm.answering.sources.candidate_sets import CandidateSets
from kptm.data.phrasings import Phrasings


class _TakenBackError(Exception):
    pass


@contextmanager
def withdrawn(graph):
    """A revision that is visible for a moment, and is withdrawn because it changes nothing."""
    number = graph.log.note("learn", "nothing")
    yield
    graph.log.withdraw(number)


@contextmanager
def rolled_back(graph):
    """A change that is visible for a moment and rolled back; the next one has its kind and size."""
    with suppress(_TakenBackError), graph.transaction():
        graph.add([("Chad", "rival", "Peru")])
        yield
        raise _TakenBackError


@pytest.mark.parametrize("gone", [withdrawn, rolled_back])
def test_a_reused_revision_number_is_another_state(new_graph, gone):
    graph = new_graph()
    graph.add([("Chad", "capital", "Ndjamena")])
    candidates, names = CandidateSets(graph), RelationNames(graph)
    parser, evaluator = QuestionParser(graph, Linker(graph), Phrasings({})), graph.evaluator()
    rivals = Follow(Named(("Chad",)), Step("rival"))

    def seen():
        return (
            set(candidates.of("rival", True).keys),
            names.labels(["rival"]),
            set(parser.schema().relations),
            set(evaluator.evaluate(rivals).nodes),
        )

    def stored():
        return (
            {item.tail for item in graph.match(None, "rival")},
            {"rival": next((r.label for r in graph.relations() if r.key == "rival"), "rival")},
            {item.key for item in graph.relations()},
            set(graph.follow("Chad", [Step("rival")])),
        )

    with gone(graph):
        number = graph.revision()
        assert seen() == stored()
    graph.add([("Chad", "rival", "Ghana")])
    assert graph.revision() == number
    assert seen() == stored()
    assert seen()[0] == {"Ghana"}


def test_an_undo_and_another_edit_are_seen(new_graph):
    graph = new_graph()
    graph.add([EntityRecord(key="Chad", label="Chad"), ("Chad", "capital", "Ndjamena")])
    predictor = Predictor(graph, Linker(graph))
    for city in ("Moundou", "Abeche", "Sarh"):
        graph.edit("Chad", "capital", city, new=True)
        assert predictor.ask("what is the capital of Chad").answers[0].key == city
        graph.undo()
        assert predictor.ask("what is the capital of Chad").answers[0].key == "Ndjamena"
