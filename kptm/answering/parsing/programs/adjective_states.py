"""Sets that an adjective names: the entities that have or lack a relation, or its value "yes".

The dead have a date of death, and the living lack it. Evergreen plants have the value "yes" of a
relation "evergreen?".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.programs import Difference, Follow, Having, Named, OfType
from kg.types import Step
from kptm.answering.parsing.question.question_spans import TypeMention, lowest, span_mask
from kptm.answering.parsing.question.unknown_words import denied_relations
from kptm.answering.parsing.rows.class_nouns import is_class
from kptm.answering.questions.word_order import BE, PARTICIPLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.programs import Program
    from kptm.answering.lexicon import Match
    from kptm.answering.parsing.knowledge import Knowledge
    from kptm.answering.parsing.question.question import Question
    from kptm.answering.parsing.question.schema_words import Schema

SAMPLED_NODES = 60
"""The most nodes with a relation that are read to find the type of its heads."""

MIN_NAME_SHARE = 0.5
"""The share of a relation's name that must be in the question."""
OWNING = frozenset("have has had having with get gets got".split())
"""Words before what things have."""
ARTICLES = frozenset("a an any some".split())
"""Articles of what things have."""
MIN_SHARE_OF_HEADS = 0.8
"""The least share of a relation's heads that must also have another relation (see _possible)."""


def states(question: Question, schema: Schema, knowledge: Knowledge) -> Iterator[TypeMention]:
    """Find the sets that a question's adjectives name: "alive", people without a date of death."""
    yield from _truths(question, knowledge)
    yield from _opposites(question, schema, knowledge)
    yield from _participles(question, knowledge)
    yield from _belongings(question, knowledge)
    for match in question.operators:
        if match.kind not in ("having", "lacking") or _leads_on(question, match):
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


def _leads_on(question: Question, match: Match) -> bool:
    """Whether "to" or "by" follows an adjective, so that it is a step: "married to the winner"."""
    tokens = question.tokens
    return match.end < len(tokens) and tokens[match.end].folded in ("to", "by")


def _truths(question: Question, knowledge: Knowledge) -> Iterator[TypeMention]:
    """Find the sets of heads with "yes" of a yes-or-no relation in the question: "evergreen"."""
    relations = question.relations
    for relation in relations.relations():
        evidence = relations.evidence(relation)
        if evidence.recall <= MIN_NAME_SHARE or not evidence.mask:
            continue
        values = knowledge.truth_values(relation)
        if true := tuple(sorted(node for node, is_true in values.items() if is_true)):
            mask = evidence.mask
            program = Follow(Named(true), Step(relation, False))
            yield TypeMention(lowest(mask), mask.bit_length(), program)


def _opposites(question: Question, schema: Schema, knowledge: Knowledge) -> Iterator[TypeMention]:
    """Find the sets of an adjective with "un-": "unpaid" is what has "no" as "paid".

    "Unfinished" is what lacks a date "finished".
    """
    for at, token in enumerate(question.tokens):
        for relation in denied_relations(token.folded, schema):
            values = knowledge.truth_values(relation)
            program: Program
            if false := tuple(sorted(node for node, is_true in values.items() if not is_true)):
                program = Follow(Named(false), Step(relation, False))
            elif token.folded.endswith("ed"):
                program = Difference(_possible(relation, knowledge), Having(Step(relation)))
            else:
                continue
            yield TypeMention(at, at + 1, program)


def _participles(question: Question, knowledge: Knowledge) -> Iterator[TypeMention]:
    """Find the sets of heads of a relation that a participle names: "games that are lent out".

    The participle follows a form of "be", and no content word or "by" follows it: "are lent to Jo"
    and "written by whom" refer to the tails. Yes-or-no relations are found by :func:`_truths`.
    """
    tokens = question.tokens
    for relation, at, end in _named_relations(question, knowledge):
        word = tokens[at].folded
        if (
            (word.endswith("ed") or word in PARTICIPLES)
            and tokens[at - 1].folded in BE
            and tokens[-1].folded != "by"
        ):
            yield TypeMention(at, end, Having(Step(relation)))


def _belongings(question: Question, knowledge: Knowledge) -> Iterator[TypeMention]:
    """Find the heads of a relation at the end of a question: "customers with a discount"."""
    tokens = question.tokens
    for relation, at, end in _named_relations(question, knowledge):
        start = at - (tokens[at - 1].folded in ARTICLES)
        if start and tokens[start - 1].folded in OWNING:
            yield TypeMention(start - 1, end, Having(Step(relation)))


def _named_relations(question: Question, knowledge: Knowledge) -> Iterator[tuple[str, int, int]]:
    """Yield (relation, start, end) of each relation whose name no content word follows.

    They are not named by the first token, and are no yes-or-no relations.
    """
    relations = question.relations
    for relation in relations.relations():
        evidence = relations.evidence(relation)
        at, end = lowest(evidence.mask), evidence.mask.bit_length()
        if (
            evidence.recall > MIN_NAME_SHARE
            and at > 0
            and evidence.mask == span_mask(at, end)
            and not any(question.importance[end:])
            and not knowledge.truth_values(relation)
        ):
            yield relation, at, end


def may_have(node: str, relation: str, knowledge: Knowledge) -> bool:
    """Whether a node is of a kind that may have a relation.

    If the rows are of several kinds, some row of the node's kind has it.
    """
    kind = next((item for item in knowledge.row_kinds if node in item.rows), None)
    if kind is not None:
        return not kind.rows.isdisjoint(knowledge.evaluate(Having(Step(relation))).nodes)
    return node in knowledge.evaluate(_possible(relation, knowledge)).nodes


def _possible(relation: str, knowledge: Knowledge) -> Program:
    """The program for the nodes that may have a relation: those of the most common type of heads.

    In an untyped graph, they are the heads of the largest other relation that nearly all these
    heads have. Relations that classify, such as "type", do not count, because everything has them.
    """
    nodes = knowledge.evaluate(Having(Step(relation))).nodes[:SAMPLED_NODES]
    types = knowledge.types(nodes) if knowledge.all_types() else None
    if types:
        return OfType(max(sorted(types), key=lambda kind: types[kind]))
    sizes = {}
    for step in sorted(knowledge.steps(nodes)):
        heads = knowledge.evaluate(Having(step))
        shared = len(set(nodes).intersection(heads.nodes)) >= MIN_SHARE_OF_HEADS * len(nodes)
        if step.forward and step.relation != relation and shared and not is_class(step.relation):
            sizes[step] = heads.size
    return Having(max(sizes, key=sizes.__getitem__)) if sizes else Having(Step(relation))
