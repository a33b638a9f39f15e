"""Types next to a name that decide its sense: "the state Georgia", "Mercury, the metal"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.answering.questions.word_order import BE, DETERMINERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kptm.answering.lexicon import Token
    from kptm.answering.parsing.knowledge import Knowledge
    from kptm.answering.parsing.question.question import Question
    from kptm.answering.parsing.question.question_spans import Mention, TypeMention

BETWEEN = frozenset("of the a an".split())
"""Words allowed between a type and a name: "the state of Georgia", "Mercury, the metal"."""
WHOSE = "whose"
INDEFINITE = frozenset("a an".split())
"""Articles that are followed by a common noun, not by a name."""


def appositions(question: Question, mention: Mention) -> Iterator[TypeMention]:
    """Find the singular types directly next to a name: "state" in "the state of Georgia".

    "Whose bike is the Koga" says that the Koga is a bike.
    """
    for item in question.types:
        if item.type is None or item.mask & mention.mask:
            continue
        first, second = sorted(((item.start, item.end), (mention.start, mention.end)))
        between = {token.folded for token in question.tokens[first[1] : second[0]]}
        owned = item.start == 1 and question.tokens[0].folded == WHOSE
        allowed = BETWEEN | BE if owned else BETWEEN
        if between <= allowed and not is_plural(question.tokens, item):
            yield item


def beside_names(question: Question, knowledge: Knowledge) -> int:
    """Bit mask of the types next to a name that the named entity has."""
    mask = 0
    for mention in question.mentions:
        for item in appositions(question, mention):
            if item.type in knowledge.types((mention.node,)):
                mask |= item.mask
    return mask


def common_nouns(question: Question, names: int) -> int:
    """Bit mask of the common nouns of a question that are also names of entities.

    Articles mark them: "film" in "a film" and in "the film Low Water". So does a name that follows:
    "author" in "who was author Neil Gaiman influenced by", if the entity is called "author" and not
    "Author". The result is 0 in languages other than English, because Spanish "a" is a preposition
    that a name may follow.

    Args:
        question: The question.
        names: Bit mask of the names in the program.
    """
    if question.language != "en":
        return 0
    mask = 0
    for at, token in enumerate(question.tokens[:-1], 1):
        before_name = names & 1 << (at + 1)
        if token.folded in INDEFINITE or (token.folded in DETERMINERS and before_name):
            mask |= 1 << at
    for item in question.mentions:
        if item.exact and question.text_of(item).islower() and names & 1 << item.end:
            mask |= item.mask
    return mask & ~names


def is_plural(tokens: Sequence[Token], item: TypeMention) -> bool:
    """Whether a type is in the plural, so that it describes no name: "states Texas borders"."""
    last = tokens[item.end - 1]
    return last.folded != last.stem and last.folded.endswith("s")
