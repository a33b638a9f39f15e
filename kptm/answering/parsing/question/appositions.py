"""Types that stand beside a name and say which thing of that name is meant: "the state Georgia", "Mercury, the metal"."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kptm.answering.parsing.knowledge import Knowledge
    from kptm.answering.parsing.question.question import Mention, Question, TypeMention

BETWEEN = frozenset("of the a an".split())
"""Words that may stand between: "the state of Georgia", "Mercury, the metal"."""


def appositions(question: Question, mention: Mention) -> Iterator[TypeMention]:
    """The types that a question says right beside a name, in the singular."""
    for item in question.types:
        if item.type is None or item.mask & mention.mask:
            continue
        first, second = sorted(((item.start, item.end), (mention.start, mention.end)))
        between = {token.folded for token in question.tokens[first[1] : second[0]]}
        if between <= BETWEEN and not _is_plural(question, item):
            yield item


def beside_names(question: Question, knowledge: Knowledge) -> int:
    """The tokens of types that say which thing of a name is meant."""
    found = 0
    for mention in question.mentions:
        for item in appositions(question, mention):
            if item.type in knowledge.types((mention.node,)):
                found |= item.mask
    return found


def _is_plural(question: Question, item: TypeMention) -> bool:
    """Whether a type is said of several things: in "states that Texas borders" it says nothing of Texas."""
    return question.tokens[item.end - 1].folded != question.tokens[item.end - 1].stem and (
        question.tokens[item.end - 1].folded.endswith("s")
    )
