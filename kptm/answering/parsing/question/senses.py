"""Names whose sense other words decide ("boston massachusetts"), and namesakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.programs import Follow, Named
from kptm.answering.parsing.question.question import MAX_OPTIONAL_WEIGHT
from kptm.answering.parsing.question.question_spans import span_mask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kptm.answering.parsing.knowledge import Knowledge
    from kptm.answering.parsing.question.question import Question
    from kptm.answering.parsing.question.question_spans import Mention

STRONG = frozenset(("label", "alias"))
"""Kinds of mentions that are complete names."""
PLACES = STRONG | {"people"}
"""Kinds of mentions that can decide the sense of another name: "Nebraska", "Australian"."""
SMALL = frozenset("the a an of s in".split())
"""Function words allowed between two names that a fact joins."""
MAX_TOKENS_BETWEEN = 4
"""The most tokens between two names."""
MAX_CHECKED_STEPS = 12
"""The most steps from an entity that are checked for leading to the second name."""


def placed_names(question: Question, knowledge: Knowledge) -> Iterator[tuple[Mention, int]]:
    """Find names directly followed by a second name, if a fact leads from the first to the second.

    An example is "boston massachusetts", if the graph says that Boston is in Massachusetts.

    Yields:
        The first mention, and the bit mask of both names.
    """
    for mention in question.mentions:
        for other in question.mentions if mention.kind in STRONG else ():
            after = other.start == mention.end and other.kind in STRONG
            after &= not _is_one_name(question, mention.mask | other.mask)
            if after and other.node != mention.node and _leads(knowledge, mention.node, other.node):
                yield mention, mention.mask | other.mask


def told_names(question: Question, knowledge: Knowledge) -> Iterator[tuple[Mention, int]]:
    """Find names about which the question states a fact that decides their sense.

    Examples are "Lincoln, the capital of Nebraska" and "the Australian city of Darwin". "When did
    Ann borrow Emma" asks for the date of what the verb between them states, so the verb stays free.

    Yields:
        The mention, and the bit mask of both names and, unless a date is asked for, the words
        between them.
    """
    asked = question.question_word()
    dated = asked is not None and asked.answer == "date"
    for mention in question.mentions:
        for other in question.mentions if mention.kind in STRONG else ():
            first, second = sorted((mention, other), key=lambda item: item.start)
            size = second.start - first.end
            if (
                other.kind not in PLACES
                or other.node == mention.node
                or not 0 < size <= MAX_TOKENS_BETWEEN
            ):
                continue
            between = span_mask(first.end, second.start)
            if _is_told(question, knowledge, mention, other, between):
                yield mention, mention.mask | other.mask | (0 if dated else between)


def _is_told(
    question: Question, knowledge: Knowledge, mention: Mention, other: Mention, between: int
) -> bool:
    """Whether the words between two names state a fact that joins the two entities.

    They may also name a type of the entity of ``mention``: "the Australian city of Darwin".
    """
    content, typed = 0, 0
    after = mention.start > other.start
    for at, token in enumerate(question.tokens):
        if between >> at & 1 and question.importance[at] > MAX_OPTIONAL_WEIGHT:
            content |= 1 << at
        elif between >> at & 1 and (token.folded not in SMALL or (after and token.folded == "in")):
            return False  # in "Niger State in Nigeria", the place describes the state
    types = knowledge.types((mention.node,))
    for item in question.types:
        typed |= item.mask if item.type in types else 0
    unexplained = content & ~typed
    if not content and (other.kind == "people" or after):
        return False
    if not unexplained:  # "Hyderabad in Sindh", "the Australian city of Darwin"
        return _leads(knowledge, mention.node, other.node)
    for step in sorted(knowledge.steps((other.node,))):
        words = question.relations.evidence(step.relation, forward=step.forward).mask
        ends = Follow(Named((other.node,)), step)
        if not unexplained & ~words and mention.node in knowledge.evaluate(ends).nodes:
            return True
    return False


def _is_one_name(question: Question, mask: int) -> bool:
    """Whether one longer name covers the whole mask: "Ada Lovelace" is not Ada from Lovelace."""
    return any(item.kind in STRONG and item.mask == mask for item in question.mentions)


def namesakes(question: Question) -> Iterator[tuple[tuple[str, ...], int]]:
    """Find all entities of the name after "named": "which cities are named Springfield".

    Yields:
        The entities, and the bit mask of "named" and the name.
    """
    for match in question.operators:
        if match.kind != "named":
            continue
        same = [x for x in question.mentions if x.start == match.end and x.kind in STRONG]
        end = max((x.end for x in same), default=0)
        nodes = tuple(dict.fromkeys(x.node for x in same if x.end == end))
        if nodes:
            yield nodes, (1 << end) - (1 << match.start)


def _leads(knowledge: Knowledge, node: str, other: str) -> bool:
    """Whether one forward step leads from ``node`` to ``other``; only the first are checked."""
    for step in sorted(knowledge.steps((node,)))[:MAX_CHECKED_STEPS]:
        if step.forward and other in knowledge.evaluate(Follow(Named((node,)), step)).nodes:
            return True
    return False
