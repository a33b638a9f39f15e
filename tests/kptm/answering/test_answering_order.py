"""The order of several answers: those that other readings give too come first."""

from collections import Counter

import pytest

from kg.programs import Follow, Named
from kg.types import Step
from kptm.answering.parsing.derivation import Derivation
from kptm.answering.parsing.parser import Parse
from kptm.answering.questions.answer_order import order_answers


class Times:
    """Knows which relations have times; nothing else is asked of it here."""

    def __init__(self, *timed):
        self.timed = timed

    def is_timed(self, relation):
        return relation in self.timed


def reading(p, relation, *nodes):
    program = Follow(Named(("thriller",)), Step(relation))
    derivation = Derivation(
        program=program, mask=1, names=1, operators=0, features=(), score=0.0, nodes=nodes
    )
    return Parse(derivation, p, p)


def expected(best, others):
    """The answers by the summed p of the other readings that have them; ties stay in order."""
    weights = Counter()
    for other in others:
        for node in other.derivation.nodes:
            weights[node] += other.p
    places = {node: at for at, node in enumerate(best.derivation.nodes)}
    return tuple(sorted(places, key=lambda node: (-weights[node], places[node])))


BEST = reading(0.5, "genre", "A", "B", "C", "D")


@pytest.mark.parametrize(
    "others",
    [
        [],
        [reading(0.2, "title", "C", "E")],
        [reading(0.2, "title", "C"), reading(0.1, "tag", "D", "C"), reading(0.15, "list", "D")],
        [reading(0.1, "title", "D"), reading(0.05, "tag", "B"), reading(0.05, "list", "B")],
    ],
)
def test_answers_of_several_readings_come_first(others):
    found = order_answers(BEST, others, Times())
    assert found.derivation.nodes == expected(BEST, others)
    assert (found.p, found.derivation.program) == (BEST.p, BEST.derivation.program)


def test_an_improbable_reading_changes_no_order():
    found = order_answers(BEST, [reading(0.01, "title", "D")], Times())
    assert found.derivation.nodes == BEST.derivation.nodes


def test_what_holds_now_stays_first():
    other = reading(0.3, "title", "D")
    assert order_answers(BEST, [other], Times("genre")) is BEST
    assert order_answers(BEST, [other], Times("title")).derivation.nodes[0] == "D"
