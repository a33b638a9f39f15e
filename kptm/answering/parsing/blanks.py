"""Sentences with a blank: the blank is read as a question word, and phrasings mined from texts say which side of a relation it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kptm.answering.lexicon import load
from kptm.data.phrasings import HEAD, TAIL
from kptm.data.tokenize import MASK

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kptm.data.phrasings import Phrasings

WORD = "which"
"""What the blank is read as."""


def with_question_word(text: str) -> str:
    """A text of the same length with a question word in place of its first blank, and spaces in place of others."""
    word = WORD.ljust(len(MASK))
    return text.replace(MASK, word, 1).replace(MASK, " " * len(MASK))


class _Pattern(NamedTuple):
    """A phrasing: the stems of its words, and whether the head of the relation is named first."""

    stems: frozenset[str]
    head_first: bool


class BlankSides:
    """On which side of a relation the blank of a sentence stands, by the phrasing that is most like the sentence.

    Args:
        phrasings: How texts say relations.
    """

    def __init__(self, phrasings: Phrasings) -> None:
        self._phrasings = phrasings
        self._patterns: dict[str, Sequence[_Pattern]] = {}

    def blank_is_tail(
        self, relation: str, stems: Collection[str], *, name_first: bool
    ) -> bool | None:
        """Whether the blank is the tail of a relation; None where no phrasing has a word of the sentence.

        Args:
            relation: The relation.
            stems: The stems of the sentence's words, but for the name.
            name_first: Whether the name stands before the blank.
        """
        wanted, best, found = frozenset(stems), 0.0, None
        for own, head_first in self._of(relation):
            likeness = len(own & wanted) / max(1, len(own | wanted))
            if likeness > best or (likeness == best and best and head_first == name_first):
                best, found = likeness, head_first == name_first
        return found

    def _of(self, relation: str) -> Sequence[_Pattern]:
        if relation not in self._patterns:
            patterns = self._phrasings.said(relation)
            self._patterns[relation] = [_pattern(pattern) for pattern in patterns]
        return self._patterns[relation]


def _pattern(text: str) -> _Pattern:
    words = load().tokens(text.replace(HEAD, " ").replace(TAIL, " "))
    stems = frozenset(word.stem for word in words if not load().is_function_word(word))
    return _Pattern(stems, text.index(HEAD) < text.index(TAIL))
