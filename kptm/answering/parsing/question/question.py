"""A question as the parser sees it: its tokens, its operators, and every span with a meaning.

Sets of tokens are bit masks: bit ``i`` stands for token ``i``.
"""

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
"""Kinds of operators that a program must use to answer the question."""
EXPECTS = PREPOSITIONS | {"of"}
"""Words after which a name is expected: "of", "in"."""
DO = frozenset("do does did".split())
"""Auxiliary verbs that come before the subject of a question: "where does the owner live"."""
MAX_OPTIONAL_WEIGHT = 0.2
"""A program need not explain a token of at most this weight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question with the possible meanings of its tokens.

    Attributes:
        text: The question without brackets.
        language: The language, detected by function words.
        tokens: Its words and numbers.
        operators: Its operators: "how many", "largest", "not".
        mentions: The spans that may be names of entities or values, by position.
        types: The spans that name a type or another set.
        importance: The weight of each token: what a program loses if it leaves the token
            unexplained. 0 for function words, 1 for content words, more for capitalised names.
        relations: The relations that its tokens match.
        unknown: Bit mask of the unknown tokens: those that are no name, type, relation, operator,
            function word or generic word ("thing").
        unknown_noun: Bit mask of the noun that is asked for, if the graph does not know it; else 0.
        marked: Bit mask of the name in [brackets], which is the topic; 0 if there is none.
        blank: Bit mask of the token that replaces [MASK]; 0 if there is none.
        encoded: Its vector, if there is a sentence encoder.
        weighty: (bit, weight) of each token whose weight is not 0.
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
        """Precompute the weighted tokens, because :meth:`weight` is called thousands of times."""
        weighted = tuple((1 << at, weight) for at, weight in enumerate(self.importance) if weight)
        object.__setattr__(self, "weighty", weighted)

    def text_of(self, mention: Mention) -> str:
        """A mention as the question writes it."""
        return self.text[self.tokens[mention.start].start : self.tokens[mention.end - 1].end]

    def question_word(self, names: int = 0) -> Match | None:
        """The first question word that asks something; None if there is none.

        Skips question words inside names ("When Harry Met Sally") and relative pronouns ("the
        birthplace of the man who designed it").

        Args:
            names: Bit mask of the names that a program uses.
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
        """Whether "do" follows the question word, so that the next noun is a subject.

        "Where does the owner live" does not ask for an owner.
        """
        question_word = self.question_word()
        after = question_word.end if question_word is not None else len(self.tokens)
        return after < len(self.tokens) and self.tokens[after].folded in DO

    def is_relative(self, match: Match) -> bool:
        """Whether a question word is a relative pronoun: it follows a common noun, "the man who".

        It is not if it follows a name, has several words ("how many"), or is the last word.
        """
        before = match.start - 1
        if before < 0 or not self.importance[before] or match.end == len(self.tokens):
            return False
        named = any(
            item.mask >> before & 1 for item in self.mentions if item.kind in ("label", "alias")
        )
        return not named and match.end - match.start == 1

    @property
    def known(self) -> int:
        """Bit mask of the tokens of mentions, types, operators, and relations' own names.

        Operators of the kinds "measure" ("long") and "word" do not count.
        """
        mask = self.relations.own
        for span in (*(item.mask for item in self.types), *(item.mask for item in self.mentions)):
            mask |= span
        for match in self.operators:
            mask |= (
                span_mask(match.start, match.end) if match.kind not in ("measure", "word") else 0
            )
        return mask

    def weight(self, mask: int) -> float:
        """The total weight of the tokens in a mask."""
        total = 0.0
        for bit, weight in self.weighty:
            if mask & bit:
                total += weight
        return total

    @property
    def named_place(self) -> int:
        """Bit mask of the unknown tokens where a name is expected: after a preposition, or last."""
        mask, expects = 0, False
        for at, token in enumerate(self.tokens):
            if self.unknown >> at & 1:
                mask |= (1 << at) if expects or at == len(self.tokens) - 1 else 0
            else:
                expects = token.folded in EXPECTS or (expects and token.folded in DETERMINERS)
        return mask

    @property
    def typed(self) -> int:
        """Bit mask of the tokens that name types."""
        mask = 0
        for item in self.types:
            mask |= item.mask if item.type else 0
        return mask

    def sentence(self, name: int) -> list[str]:
        """The stems of a sentence with a blank, with a slot for the blank and one for a name.

        For "The capital of France is [MASK]": the, capital, of, [N], is, [B].

        Args:
            name: Bit mask of the name.
        """
        stems: list[str] = []
        for at, token in enumerate(self.tokens):
            slot = NAME if name >> at & 1 else BLANK if self.blank >> at & 1 else ""
            if not slot or stems[-1:] != [slot]:
                stems.append(slot or token.stem)
        return stems

    def unexplained_words(self, mask: int, also: int = 0) -> tuple[str, ...]:
        """The content words outside ``mask``, and all words in ``also``, as the user wrote them."""
        return tuple(
            token.text
            for at, token in enumerate(self.tokens)
            if also >> at & 1 or (self.importance[at] > MAX_OPTIONAL_WEIGHT and not mask >> at & 1)
        )

    def count_overlooked(self, mask: int, operators: int) -> int:
        """Bit mask of the tokens of decisive operators that a program neither uses nor explains.

        Decisive are those of :data:`DECISIVE`, and an "and" beside an unexplained word.

        Args:
            mask: Bit mask of the tokens that the program explains.
            operators: Bit mask of the operators that it uses, by their index.
        """
        overlooked = 0
        for number, match in enumerate(self.operators):
            own = span_mask(match.start, match.end)
            if operators >> number & 1 or own & mask:
                continue
            if match.kind in DECISIVE or (match.kind == "and" and self._joins_unused(match, mask)):
                overlooked |= own
        return overlooked

    def _joins_unused(self, match: Match, mask: int) -> bool:
        """Whether a content word directly beside "and" is unexplained: "who sings and plays"."""
        left, right = ~mask & ((1 << match.start) - 1), ~mask >> match.end << match.end
        beside = (left.bit_length() - 1, (right & -right).bit_length() - 1)
        return any(
            at in (match.start - 1, match.end) and self.importance[at] > MAX_OPTIONAL_WEIGHT
            for at in beside
        )

    def open_words(self, mask: int) -> tuple[str, ...]:
        """The stems of the content words outside a mask."""
        return tuple(
            token.stem
            for at, token in enumerate(self.tokens)
            if self.importance[at] > MAX_OPTIONAL_WEIGHT and not mask >> at & 1
        )
