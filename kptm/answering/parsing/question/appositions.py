"""Types next to a name that decide its sense: "the state Georgia", "Mercury, the metal"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.answering.questions.word_order import DETERMINERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kptm.answering.parsing.knowledge import Knowledge
    from kptm.answering.parsing.question.question import Question
    from kptm.answering.parsing.question.question_spans import Mention, TypeMention

BETWEEN = frozenset("of the a an".split())
"""Words allowed between type and name: "the state of Georgia", "Mercury, the metal"."""
INDEFINITE = frozenset("a an".split())
"""Words after which a noun follows, and not a name."""


def appositions(question: Question, mention: Mention) -> Iterator[TypeMention]:
    """The types directly next to a name, in the singular."""
    for item in question.types:
        if item.type is None or item.mask & mention.mask:
            continue
        first, second = sorted(((item.start, item.end), (mention.start, mention.end)))
        between = {token.folded for token in question.tokens[first[1] : second[0]]}
        if between <= BETWEEN and not _is_plural(question, item):
            yield item


def beside_names(question: Question, knowledge: Knowledge) -> int:
    """The tokens of types that decide the sense of a name, as bits."""
    found = 0
    for mention in question.mentions:
        for item in appositions(question, mention):
            if item.type in knowledge.types((mention.node,)):
                found |= item.mask
    return found


def common_nouns(question: Question, names: int) -> int:
    """The tokens of common nouns, even if entities are called so: "film" in "the film Low Water".

    Only in English, because Spanish "a" is a preposition, after which a name may follow.

    Args:
        question: The question.
        names: The tokens of the names in the program, as bits.
    """
    if question.language != "en":
        return 0
    found = 0
    for at, token in enumerate(question.tokens[:-1], 1):
        before_name = names & 1 << (at + 1)
        if token.folded in INDEFINITE or (token.folded in DETERMINERS and before_name):
            found |= 1 << at
    return found & ~names


def _is_plural(question: Question, item: TypeMention) -> bool:
    """Whether a type is in the plural: "states that Texas borders" does not describe Texas."""
    return question.tokens[item.end - 1].folded != question.tokens[item.end - 1].stem and (
        question.tokens[item.end - 1].folded.endswith("s")
    )
