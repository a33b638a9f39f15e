"""Sets that an adjective names: by a relation that things have or lack, or by one of yes and no.

The dead have a date of death, the living lack it; evergreens have "yes" in a column "evergreen?".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.programs import Difference, Follow, Having, Named, OfType
from kg.types import Step
from kptm.answering.parsing.nouns import is_class
from kptm.answering.parsing.question.question_spans import TypeMention, lowest, span_mask
from kptm.answering.questions.word_order import BE, PARTICIPLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.programs import Program
    from kptm.answering.parsing.knowledge import Knowledge
    from kptm.answering.parsing.question.question import Question
    from kptm.answering.parsing.question.schema_words import Schema

SAMPLE = 60
"""Nodes with a relation whose types and other relations show what else may have it."""

WELL = 0.5
"""The share of a relation's name that must be in the question."""
NEARLY_ALL = 0.8
"""The share of the nodes with a relation that have the relation of all that may have it."""


def states(question: Question, schema: Schema, knowledge: Knowledge) -> Iterator[TypeMention]:
    """The sets of a question's words for states: "alive" are people without a date of death."""
    yield from _truths(question, knowledge)
    yield from _participles(question)
    for match in question.operators:
        if match.kind not in ("having", "lacking"):
            continue
        hinted = (
            relation
            for stems, _ in schema.rank_hints(match.hints)
            for relation in schema.relations_named(tuple(stems))
        )
        relation = next(hinted, None)
        if relation is not None:
            having: Program = Having(Step(relation))
            lacking = match.kind == "lacking"
            program = Difference(_possible(relation, knowledge), having) if lacking else having
            yield TypeMention(match.start, match.end, program)


def _truths(question: Question, knowledge: Knowledge) -> Iterator[TypeMention]:
    """What has "yes" by a relation of yes and no that the question names: "evergreen plants"."""
    said = question.relations
    for relation in said.relations():
        evidence = said.evidence(relation)
        if evidence.recall <= WELL or not evidence.mask:
            continue
        values = knowledge.truth_values(relation)
        if true := tuple(sorted(node for node, is_true in values.items() if is_true)):
            mask = evidence.mask
            program = Follow(Named(true), Step(relation, False))
            yield TypeMention(lowest(mask), mask.bit_length(), program)


def _participles(question: Question) -> Iterator[TypeMention]:
    """What has a relation that a participle after "is" or "are" names: "games that are lent out".

    Only at the end: "are lent to Jo" and "written by whom" ask for the other end.
    """
    said, tokens = question.relations, question.tokens
    for relation in said.relations():
        evidence = said.evidence(relation)
        at, end = lowest(evidence.mask), evidence.mask.bit_length()
        if evidence.recall <= WELL or at < 1 or evidence.mask != span_mask(at, end):
            continue
        word = tokens[at].folded
        if (
            (word.endswith("ed") or word in PARTICIPLES)
            and tokens[at - 1].folded in BE
            and not any(question.importance[end:])
            and tokens[-1].folded != "by"
        ):
            yield TypeMention(at, end, Having(Step(relation)))


def may_have(node: str, relation: str, knowledge: Knowledge) -> bool:
    """Whether a node is one of the things that may have a relation."""
    return node in knowledge.evaluate(_possible(relation, knowledge)).nodes


def _possible(relation: str, knowledge: Knowledge) -> Program:
    """The things that may have a relation: those of the type of the ones that have it.

    In an untyped graph, they are those with another relation that nearly all of them have, except
    one that everything has, such as "type".
    """
    nodes = knowledge.evaluate(Having(Step(relation))).nodes[:SAMPLE]
    types = knowledge.types(nodes) if knowledge.all_types() else None
    if types:
        return OfType(max(sorted(types), key=lambda kind: types[kind]))
    sizes = {}
    for step in sorted(knowledge.steps(nodes)):
        found = knowledge.evaluate(Having(step))
        shared = len(set(nodes).intersection(found.nodes)) >= NEARLY_ALL * len(nodes)
        if step.forward and step.relation != relation and shared and not is_class(step.relation):
            sizes[step] = found.size
    return Having(max(sizes, key=sizes.__getitem__)) if sizes else Having(Step(relation))
