"""Sentences with a blank: reads them as questions, and compares them with phrasings.

"Paris is the capital of [MASK]" becomes "Paris is the capital of which". The phrasing of the
relation that is most similar decides whether the blank is head or tail.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from kptm.answering.lexicon import load
from kptm.data.phrasings import HEAD, TAIL
from kptm.data.tokenize import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kptm.data.phrasings import Phrasings

WORD = "which"
"""The word that replaces the blank."""
NAME, BLANK = "[N]", "[B]"
"""Slots of a sentence: for the name, and for the blank."""


def with_question_word(text: str) -> str:
    """Replace the first blank by a question word, and all others by spaces.

    The length stays the same, so that character positions remain valid.
    """
    word = WORD.ljust(len(MASK))
    return text.replace(MASK, word, 1).replace(MASK, " " * len(MASK))


class _Pattern(NamedTuple):
    """A phrasing as a sequence of stems with slots.

    Attributes:
        to_tail: The phrasing with the name as head and the blank as tail.
        to_head: The phrasing with the blank as head and the name as tail.
        telling: The stems of its content words.
    """

    to_tail: tuple[str, ...]
    to_head: tuple[str, ...]
    telling: frozenset[str]


class BlankSides:
    """Decides whether a blank is head or tail of a relation, by the most similar phrasing.

    Args:
        phrasings: The phrasings of each relation, mined from texts.
    """

    def __init__(self, phrasings: Phrasings) -> None:
        self._phrasings = phrasings
        self._patterns: dict[str, Sequence[_Pattern]] = {}

    def blank_is_tail(self, relation: str, sentence: Sequence[str]) -> bool | None:
        """Whether the blank is the tail of a relation; None if the phrasings do not decide.

        Only phrasings that share a content word with the sentence are compared, by
        :func:`likeness`.

        Args:
            relation: The key of the relation.
            sentence: The stems of the sentence, with :data:`NAME` for the name and :data:`BLANK`
                for the blank.
        """
        tail, head = 0.0, 0.0
        for pattern in self._of(relation):
            if pattern.telling.intersection(sentence):
                tail = max(tail, likeness(sentence, pattern.to_tail))
                head = max(head, likeness(sentence, pattern.to_head))
        return None if tail == head else tail > head

    def _of(self, relation: str) -> Sequence[_Pattern]:
        if relation not in self._patterns:
            patterns = self._phrasings.patterns_of(relation)
            self._patterns[relation] = [_pattern(pattern) for pattern in patterns]
        return self._patterns[relation]


def likeness(first: Iterable[str], second: Iterable[str]) -> float:
    """The Jaccard index of the word bigrams of two sentences."""
    pairs = [Counter(pairwise(words)) for words in (first, second)]
    common, union = pairs[0] & pairs[1], pairs[0] | pairs[1]
    return common.total() / union.total() if union else 0.0


def _pattern(text: str) -> _Pattern:
    """Parse a phrasing such as "[X] is the capital of [Y]"."""
    head, tail = text.index(HEAD), text.index(TAIL)
    first, second = sorted((head, tail))
    parts = text[:first], text[first + len(HEAD) : second], text[second + len(TAIL) :]
    tokens = [load().tokens(part) for part in parts]
    stems = [[token.stem for token in part] for part in tokens]
    telling = {
        token.stem for part in tokens for token in part if not load().is_function_word(token)
    }

    def with_slots(before: str, after: str) -> tuple[str, ...]:
        return (*stems[0], before, *stems[1], after, *stems[2])

    name_first, blank_first = with_slots(NAME, BLANK), with_slots(BLANK, NAME)
    to_tail, to_head = (name_first, blank_first) if head < tail else (blank_first, name_first)
    return _Pattern(to_tail, to_head, frozenset(telling))
