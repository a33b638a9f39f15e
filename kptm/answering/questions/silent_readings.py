"""Readings without an answer, compared with readings that have one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.programs import Follow
from kg.types import Step
from kptm.answering.parsing.ranking.asked_for import asked_places

if TYPE_CHECKING:
    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.parsing.parser import Parse
    from kptm.answering.parsing.question.question import Question


def is_guess(question: Question, best: Derivation, silent: Derivation) -> bool:
    """Whether no word of the question supports the best reading's step to its answers.

    The type that is asked for counts as support if ``silent`` has no other support either: "Which
    countries use the Euro" asks for countries, although cities have a relation "country".
    """
    nouns = asked_places(question)[:1] or [0]
    of_type = "agrees" in dict(best.features) and silent.mask & ~silent.names == sum(
        1 << place for place in nouns
    )
    return bool(best.floating) and not of_type


def is_empty(parse: Parse) -> bool:
    """Whether a reading denotes nothing: no node, no number and no truth value."""
    derivation = parse.derivation
    return not derivation.nodes and derivation.number is None and derivation.truth is None


def is_back(derivation: Derivation, other: Derivation) -> bool:
    """Whether a derivation follows the last step of another in the opposite direction."""
    left, right = derivation.program, other.program
    if not isinstance(left, Follow) or not isinstance(right, Follow) or left.source != right.source:
        return False
    return right.step == Step(left.step.relation, not left.step.forward)


def is_turned(derivation: Derivation, other: Derivation) -> bool:
    """Whether word order contradicts the last step of ``derivation``, but not that of ``other``."""
    for_other, against = dict(other.features), dict(derivation.features)
    # If the question contains the whole label of the relation, word order does not count: "What
    # instrument does he play" fits the relation "instrumentalists" of instruments.
    named = "named_fully" in against and "named_fully" not in for_other
    return (
        is_back(derivation, other)
        and "side" in for_other
        and "other_side" in against
        and not named
        and "learnt" not in against
    )
