"""The meanings that a reading gives to the words of a question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.programs import Named, OfType, parts
from kg.values import ValueKey
from kptm.answering.answer_parts import WordMeaning
from kptm.answering.sentences.names import steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.parsing.question.question import Question
    from kptm.answering.parsing.question.question_spans import Mention, TypeMention


def used_mentions(question: Question, derivation: Derivation) -> list[Mention]:
    """The mentions in the question of the nodes in the derivation's program."""
    keys = {
        key for item in parts(derivation.program) if isinstance(item, Named) for key in item.keys
    }
    return [
        item
        for item in question.mentions
        if item.node in keys and item.mask & derivation.names == item.mask
    ]


def _used_types(question: Question, derivation: Derivation) -> Iterator[TypeMention]:
    """The types and nouns for rows in the question whose set is in the derivation's program."""
    sets = set(parts(derivation.program))
    for item in question.types:
        if item.type is not None and item.program in sets and not item.mask & ~derivation.mask:
            yield item


def meanings(question: Question, derivation: Derivation) -> tuple[WordMeaning, ...]:
    """The meanings that a derivation assigns to the parts of a question, in order."""
    spans = []

    def add(start: int, end: int, kind: str, means: str) -> None:
        first, last = question.tokens[start].start, question.tokens[end - 1].end
        spans.append(WordMeaning(first, last, question.text[first:last], kind, means))

    for mention in used_mentions(question, derivation):
        kind = "value" if isinstance(mention.node, ValueKey) else "entity"
        add(mention.start, mention.end, kind, str(mention.node))
    for item in _used_types(question, derivation):
        if isinstance(item.program, OfType):
            add(item.start, item.end, "type", item.program.type)
        else:
            add(item.start, item.end, "rows", str(item.program))
    relations = {step.relation for part in parts(derivation.program) for step in steps_of(part)}
    for relation in sorted(relations):
        mask = question.relations.evidence(relation).mask & derivation.mask & ~derivation.names
        while mask:
            at = (mask & -mask).bit_length() - 1
            add(at, at + 1, "relation", relation)
            mask &= mask - 1
    for number, match in enumerate(question.operators):
        if derivation.operators >> number & 1:
            add(match.start, match.end, "operator", match.kind)
    return tuple(sorted(spans, key=lambda item: (item.start, item.end, item.kind)))
