"""Comparing denotations with answers as people write them; the F1 is computed by hand."""

import pytest

from kg.programs import Named
from kg.types import Literal
from kg.values import ValueKey
from kg.vocabulary import XSD
from kptm.answering.parsing.derivation import Derivation
from kptm.answering.parsing.training.answer_matching import AnswerMatcher, as_number

KEYS = {"Paris": ("paris",), "Lyon": ("lyon",)}


def made(nodes=(), number=None, truth=None):
    literal = None if number is None else Literal(str(number), datatype=f"{XSD}integer")
    return Derivation(
        program=Named(("x",)), mask=0, names=0, operators=0, features=(), score=0.0,
        nodes=tuple(nodes), number=literal, truth=truth,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("names", "denotation", "f1"),
    [
        (["Paris"], made(["paris"]), 1.0),
        (["Paris", "Lyon"], made(["paris"]), 2 / 3),  # precision 1, recall 1/2
        (["Paris"], made(["paris", "lyon"]), 2 / 3),
        (["Paris"], made(["lyon"]), 0.0),
        ([], made(["paris"]), 0.0),
        (["3"], made(number=3), 1.0),
        (["4"], made(number=3), 0.0),
        (["yes"], made(truth=True), 1.0),
        (["Nein"], made(truth=False), 1.0),
        (["yes"], made(truth=False), 0.0),
        (["1,500"], made([ValueKey(Literal("1500", datatype=f"{XSD}integer"))]), 1.0),
    ],
)
def test_f1_and_reward_of_a_denotation(names, denotation, f1):
    matcher = AnswerMatcher(names, KEYS)
    assert matcher.f1(denotation) == pytest.approx(f1)
    assert matcher.reward(denotation) == pytest.approx(f1**8 if f1 >= 0.5 else 0.0)


def test_whether_the_first_node_is_an_answer():
    assert AnswerMatcher(["Paris"], KEYS).has_first(made(["paris", "x"]))
    assert not AnswerMatcher(["Paris"], KEYS).has_first(made(["x", "paris"]))
    assert not AnswerMatcher(["Paris"], KEYS).has_first(made())


@pytest.mark.parametrize(
    ("text", "number"), [("12", 12), ("1,500", 1500), ("3.5", 3.5), ("x", None)]
)
def test_numbers_as_people_write_them(text, number):
    assert as_number(text) == number
