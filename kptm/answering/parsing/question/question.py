"""A question for the parser: tokens, operators, and all spans with a meaning."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kptm.answering.parsing.question.blanks import BLANK, NAME
from kptm.answering.parsing.question.question_spans import span_mask
from kptm.answering.questions.word_order import DETERMINERS, PREPOSITIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kptm.answering.lexicon import Match, Token
    from kptm.answering.parsing.question.question_spans import Mention, TypeMention
    from kptm.answering.parsing.question.relation_mentions import SaidRelations
    from kptm.answering.parsing.similarity.encoder import EncodedQuestion

DECISIVE = frozenset("negation superlative comparison difference count yesno both".split())
"""Operators that a program must use to answer the question."""
EXPECTS = PREPOSITIONS | {"of"}
"""Words before an expected name."""
DO = frozenset("do does did".split())
"""Verbs before the subject of a question."""
LITTLE = 0.2
"""The greatest weight of a token that need not be explained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question.

    Attributes:
        text: The question without brackets.
        language: The language, by its function words.
        tokens: Its words and numbers.
        operators: Its operators: "how many", "largest", "not".
        mentions: Its names, by position.
        types: Its names of types.
        importance: The weight of each unexplained token, between 0 and 1.
        relations: The relations that its tokens match.
        unknown: The tokens that are no name, type, relation, operator or function word, as bits.
        unknown_noun: The token of a noun that is asked for but is not in the graph, as a bit; 0
            without one.
        marked: The tokens of a name in brackets, as bits; 0 without one.
        blank: The token in place of a blank, as a bit; 0 without one.
        encoded: Its vector, if there is a sentence encoder.
        weighty: The tokens with a weight, as (bit, weight).
    """

    text: str
    language: str
    tokens: Sequence[Token]
    operators: Sequence[Match]
    mentions: Sequence[Mention]
    types: Sequence[TypeMention]
    importance: Sequence[float]
    relations: SaidRelations
    unknown: int = 0
    unknown_noun: int = 0
    marked: int = 0
    blank: int = 0
    encoded: EncodedQuestion | None = None
    weighty: tuple[tuple[int, float], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Prepare the tokens with a weight as bits, since thousands of masks are weighed."""
        found = tuple((1 << at, weight) for at, weight in enumerate(self.importance) if weight)
        object.__setattr__(self, "weighty", found)

    def question_word(self, names: int = 0) -> Match | None:
        """The question word outside of names: not the "when" of "When Harry Met Sally".

        Nor the "who" of a relative clause: "the birthplace of the man who designed it".

        Args:
            names: The tokens of the names that a program uses, as bits.
        """
        return next(
            (
                item
                for item in self.operators
                if item.kind == "ask"
                and span_mask(item.start, item.end) & ~names
                and not self.is_relative(item)
            ),
            None,
        )

    def asks_of_subject(self) -> bool:
        """Whether the next noun is not asked for: the owner in "where does the owner live"."""
        asked = self.question_word()
        after = asked.end if asked is not None else len(self.tokens)
        return after < len(self.tokens) and self.tokens[after].folded in DO

    def is_relative(self, match: Match) -> bool:
        """Whether a question word follows a noun that is no name."""
        before = match.start - 1
        if before < 0 or not self.importance[before]:
            return False
        named = any(
            item.mask >> before & 1 for item in self.mentions if item.kind in ("label", "alias")
        )
        return not named and match.end - match.start == 1

    @property
    def known(self) -> int:
        """The tokens that exactly name a type, entity or relation, or are operators, as bits."""
        found = self.relations.own
        for mask in (*(item.mask for item in self.types), *(item.mask for item in self.mentions)):
            found |= mask
        for match in self.operators:
            found |= (
                span_mask(match.start, match.end) if match.kind not in ("measure", "word") else 0
            )
        return found

    def weight(self, mask: int) -> float:
        """The weight of the tokens of a mask."""
        total = 0.0
        for bit, weight in self.weighty:
            if mask & bit:
                total += weight
        return total

    @property
    def named_place(self) -> int:
        """The unknown tokens in the position of a name: after a preposition, or at the end."""
        found, expects = 0, False
        for at, token in enumerate(self.tokens):
            if self.unknown >> at & 1:
                found |= (1 << at) if expects or at == len(self.tokens) - 1 else 0
            else:
                expects = token.folded in EXPECTS or (expects and token.folded in DETERMINERS)
        return found

    @property
    def typed(self) -> int:
        """The tokens that name types, as bits."""
        found = 0
        for item in self.types:
            found |= item.mask if item.type else 0
        return found

    def sentence(self, name: int) -> list[str]:
        """The stems of a sentence with a blank, with slots for the blank and for a name."""
        found: list[str] = []
        for at, token in enumerate(self.tokens):
            slot = NAME if name >> at & 1 else BLANK if self.blank >> at & 1 else ""
            if not slot or found[-1:] != [slot]:
                found.append(slot or token.stem)
        return found

    def unexplained_words(self, mask: int, also: int = 0) -> tuple[str, ...]:
        """The words with a weight outside of a mask, and those in ``also``, as typed."""
        return tuple(
            token.text
            for at, token in enumerate(self.tokens)
            if also >> at & 1 or (self.importance[at] > LITTLE and not mask >> at & 1)
        )

    def count_overlooked(self, mask: int, operators: int) -> int:
        """The number of tokens of decisive operators that a program neither uses nor explains.

        Args:
            mask: The tokens that the program explains.
            operators: The operators that it uses, as bits of their numbers.
        """
        found = 0
        for number, match in enumerate(self.operators):
            own = span_mask(match.start, match.end)
            if operators >> number & 1 or own & mask:
                continue
            if match.kind in DECISIVE or (match.kind == "and" and self._joins_unused(match, mask)):
                found |= own
        return found

    def _joins_unused(self, match: Match, mask: int) -> bool:
        """Whether a word beside "and" is unexplained: "who sings and plays the piano"."""
        left, right = ~mask & ((1 << match.start) - 1), ~mask >> match.end << match.end
        beside = (left.bit_length() - 1, (right & -right).bit_length() - 1)
        return any(
            at in (match.start - 1, match.end) and self.importance[at] > LITTLE for at in beside
        )

    def open_words(self, mask: int) -> tuple[str, ...]:
        """The stems of the words with a weight outside of a mask."""
        return tuple(
            token.stem
            for at, token in enumerate(self.tokens)
            if self.importance[at] > LITTLE and not mask >> at & 1
        )
