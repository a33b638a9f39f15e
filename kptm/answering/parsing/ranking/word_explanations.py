"""Words that only a complete program explains: descriptions of names, sizes of sets, "is"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.programs import Follow, Having, Intersection, Named, OfType, parts
from kg.types import Step
from kptm.answering.parsing.question.question import MAX_OPTIONAL_WEIGHT
from kptm.answering.parsing.question.question_spans import span_mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.parsing.kinds import AnswerKinds
    from kptm.answering.parsing.knowledge import Knowledge
    from kptm.answering.parsing.question.question import Question

DEFINITE = frozenset("the these those our my".split())
"""Words before the size of a known set: "the two goats"."""


def explain_words(
    question: Question, derivation: Derivation, knowledge: Knowledge, kinds: AnswerKinds
) -> int:
    """Let the derivation of a complete program explain further words of the question.

    Returns:
        Bit mask of the words that describe its names.
    """
    _explain_size(question, derivation, knowledge)
    described = _descriptive_words(question, derivation, knowledge, kinds)
    derivation.mask |= described
    if _is_truth(derivation, knowledge):  # the fact "heated: yes" answers "is room 305 heated"
        _explain_yes_or_no(question, derivation)
    return described


def _explain_yes_or_no(question: Question, derivation: Derivation) -> None:
    """Let a derivation of the value "yes" or "no" explain the words of a yes-or-no question."""
    for number, match in enumerate(question.operators):
        if match.kind == "yesno":
            derivation.mask |= span_mask(match.start, match.end)
            derivation.operators |= 1 << number


def _explain_size(question: Question, derivation: Derivation, knowledge: Knowledge) -> None:
    """Let a derivation explain the size of one of its sets: "the mean weight of the two goats"."""
    for number, match in enumerate(question.operators):
        before = question.tokens[match.start - 1].folded if match.start else ""
        if match.kind != "number" or match.unit or before not in DEFINITE:
            continue
        if not derivation.operators >> number & 1 and any(
            knowledge.evaluate(part).size == match.number
            for part in parts(derivation.program)
            if isinstance(part, (Follow, Having, Intersection, OfType))
        ):
            derivation.mask |= span_mask(match.start, match.end)
            derivation.operators |= 1 << number


def _descriptive_words(
    question: Question, derivation: Derivation, knowledge: Knowledge, kinds: AnswerKinds
) -> int:
    """Bit mask of unexplained words near a name that describe its entity: "the shop Amazon".

    They are in its types or description, or in a table in one of its cells: "the hamster Toffee".
    A name in a cell describes nothing.
    """
    unexplained = [
        at
        for at, weight in enumerate(question.importance)
        if weight > MAX_OPTIONAL_WEIGHT and not derivation.mask >> at & 1
    ]
    if not unexplained or not derivation.names:
        return 0
    named = [
        key for part in parts(derivation.program) if isinstance(part, Named) for key in part.keys
    ]
    stems = frozenset().union(*(kind.stems for kind in kinds.of(named)))
    described = sum(1 << at for at in unexplained if question.tokens[at].stem in stems)
    free = sum(1 << at for at in unexplained)
    others = [
        item
        for item in question.mentions
        if item.kind != "value" and item.node.islower() and item.mask & free == item.mask
    ]
    sure = "mention_part" not in dict(derivation.features)
    if others and sure and knowledge.is_table:
        cells = _cells(named, knowledge)
        for item in others:
            described |= item.mask if item.node in cells else 0
    return described & _beside(question, derivation, described)


def _cells(named: Sequence[str], knowledge: Knowledge) -> frozenset[str]:
    """The nodes to which facts of named entities lead."""
    steps = (Step(step.relation) for step in knowledge.steps(tuple(named)) if step.forward)
    return frozenset(
        node
        for step in steps
        for node in knowledge.evaluate(Follow(Named(tuple(named)), step)).nodes
    )


def _beside(question: Question, derivation: Derivation, described: int) -> int:
    """Bit mask of the tokens around a program's names, up to the next word with another use."""
    size = len(question.tokens)
    light = sum(1 << at for at in range(size) if question.importance[at] <= MAX_OPTIONAL_WEIGHT)
    ends = (derivation.mask | question.relations.own) & ~(
        described | derivation.names | question.typed | light
    )
    mask = 0
    for places in (range(size), range(size - 1, -1, -1)):
        near = False
        for at in places:
            near = bool(derivation.names >> at & 1) or (near and not ends >> at & 1)
            mask |= near << at
    return mask


def _is_truth(derivation: Derivation, knowledge: Knowledge) -> bool:
    """Whether a program leads from one node to "yes" or "no", along a yes-or-no relation."""
    program = derivation.program
    return (
        isinstance(program, Follow)
        and (isinstance(program.source, Named) or knowledge.evaluate(program.source).size == 1)
        and program.step.forward
        and bool(derivation.nodes)
        and {node.casefold() for node in derivation.nodes} <= {"yes", "no"}
        and bool(knowledge.truth_values(program.step.relation))
    )
