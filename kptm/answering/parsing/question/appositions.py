"""Types beside a name that tell its sense: "the state Georgia", "Mercury, the metal"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.answering.questions.word_order import DETERMINERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kptm.answering.parsing.knowledge import Knowledge
    from kptm.answering.parsing.question.question import Question
    from kptm.answering.parsing.question.question_spans import Mention, TypeMention

BETWEEN = frozenset("of the a an".split())
"""Words that may stand between: "the state of Georgia", "Mercury, the metal"."""
INDEFINITE = frozenset("a an".split())
"""Words after which a noun stands, and no name."""


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


def common_nouns(question: Question, names: int) -> int:
    """The tokens of nouns that name nothing, though something is called so: "the film Low Water".

    Only in English: "a" is a preposition in Spanish, and what follows it may well be a name.

    Args:
        question: The question.
        names: The tokens of names, as bits.
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
    """Whether a type is said of several things: "states that Texas borders" says none of Texas."""
    return question.tokens[item.end - 1].folded != question.tokens[item.end - 1].stem and (
        question.tokens[item.end - 1].folded.endswith("s")
    )
