"""Names beside a name that tell which of its senses is meant, and all that has one name: "boston massachusetts", "named springfield"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.programs import Follow, Named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kptm.answering.parsing.knowledge import Knowledge
    from kptm.answering.parsing.question import Mention, Question

STRONG = frozenset(("label", "alias"))
"""Kinds of mentions that are names in full."""
STEPS = 12
"""Steps from an entity that are followed to a second name."""


def placed_names(question: Question, knowledge: Knowledge) -> Iterator[tuple[Mention, int]]:
    """Names with one right after them that a fact leads to, and the tokens of both: "boston massachusetts"."""
    for mention in question.mentions:
        for other in question.mentions if mention.kind in STRONG else ():
            after = other.start == mention.end and other.kind in STRONG
            if after and other.node != mention.node and _leads(knowledge, mention.node, other.node):
                yield mention, mention.mask | other.mask


def namesakes(question: Question) -> Iterator[tuple[tuple[str, ...], int]]:
    """All that is called so, after "named": which cities are named Springfield."""
    for match in question.operators:
        if match.kind != "named":
            continue
        same = [x for x in question.mentions if x.start == match.end and x.kind in STRONG]
        end = max((x.end for x in same), default=0)
        nodes = tuple(dict.fromkeys(x.node for x in same if x.end == end))
        if nodes:
            yield nodes, (1 << end) - (1 << match.start)


def _leads(knowledge: Knowledge, node: str, other: str) -> bool:
    for step in sorted(knowledge.steps((node,)))[:STEPS]:
        if step.forward and other in knowledge.evaluate(Follow(Named((node,)), step)).nodes:
            return True
    return False
