"""Sets that an adjective names by a relation that things have or lack: the dead, the living."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.programs import Difference, Having, OfType
from kg.types import Step
from kptm.answering.parsing.question.question_spans import TypeMention

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.programs import Program
    from kptm.answering.parsing.knowledge import Knowledge
    from kptm.answering.parsing.question.question import Question
    from kptm.answering.parsing.question.schema_words import Schema

SAMPLE = 60
"""Nodes with a relation whose types and other relations show what else may have it."""

NEARLY_ALL = 0.8
"""The share of the nodes with a relation that have the relation of all that may have it."""


def states(question: Question, schema: Schema, knowledge: Knowledge) -> Iterator[TypeMention]:
    """The sets of a question's words for states: "alive" are people without a date of death."""
    for match in question.operators:
        if match.kind not in ("having", "lacking"):
            continue
        for stems, _ in schema.rank_hints(match.hints):
            for relation in schema.relations_named(tuple(stems)):
                program: Program = Having(Step(relation))
                if match.kind == "lacking":
                    program = Difference(_possible(relation, knowledge), program)
                yield TypeMention(match.start, match.end, program)
                break
            else:
                continue
            break


def may_have(node: str, relation: str, knowledge: Knowledge) -> bool:
    """Whether a node is one of the things that may have a relation."""
    return node in knowledge.evaluate(_possible(relation, knowledge)).nodes


def _possible(relation: str, knowledge: Knowledge) -> Program:
    """The things that may have a relation: those of the type of the ones that have it.

    In an untyped graph, they are the rows that have the noun of those, or else another relation.
    """
    nodes = knowledge.evaluate(Having(Step(relation))).nodes[:SAMPLE]
    enough = NEARLY_ALL * len(nodes)
    types = knowledge.types(nodes)
    if knowledge.all_types() and types:
        return OfType(max(sorted(types), key=lambda kind: types[kind]))
    rows = [knowledge.rows_called(noun) for noun in sorted(types) if types[noun] >= enough]
    sets = [program for program in rows if program is not None] or [
        Having(step)
        for step in sorted(knowledge.steps(nodes))
        if step.forward
        and step.relation != relation
        and len(set(nodes).intersection(knowledge.evaluate(Having(step)).nodes)) >= enough
    ]
    if not sets:
        return Having(Step(relation))
    # Of nouns the narrowest, of relations the one that most things have.
    sizes = {program: knowledge.evaluate(program).size for program in sets}
    return min(sets, key=sizes.__getitem__) if any(rows) else max(sets, key=sizes.__getitem__)
