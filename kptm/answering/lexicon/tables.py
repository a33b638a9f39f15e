"""What a data file says of operators, numbers and times, as tables to look words up in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kptm.answering.lexicon.patterns import Trie

if TYPE_CHECKING:
    from kptm.answering.lexicon.match import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """What a phrase means, and where it may stand; see :class:`kptm.answering.lexicon.match.Match`.

    Attributes:
        initial: Only at the beginning of the question.
        not_initial: Never at the beginning.
        typed: Only where it is typed so, in small letters: "où" is not "ou".
        final: Only at its end.
        empty: The match has no tokens, because the word says something by itself: "grenzt Polen an
            Ungarn".
        inner: Operators within the phrase stand beside it.
        before_number: Only directly before a number or a time.
        after_number: Only directly after a number, its unit, or a time.
        after: Only after one of these words; "-ed" is an ending, "^" the beginning of the question.
        not_after: Only where none of these words stands before it.
        without: Only where none of these words is in the question.
        unless_asked: Only where nothing in the question asks for more than yes or no.
        unless_compared: Only where no other phrase of the question compares.
        not_before: Only where none of these words stands after it.
        nearby: Only where one of these words is in the question.
        after_apostrophe: Only directly after an apostrophe.
        after_rank: Only directly after a rank.
    """

    kind: Kind
    order: Any = ""
    comparison: Any = ""
    hints: tuple[str, ...] = ()
    answer: str = ""
    generic: bool = False
    initial: bool = False
    not_initial: bool = False
    typed: frozenset[str] = frozenset()
    final: bool = False
    empty: bool = False
    inner: bool = False
    before_number: bool = False
    after_number: bool = False
    after: tuple[str, ...] = ()
    not_after: frozenset[str] = frozenset()
    not_before: frozenset[str] = frozenset()
    nearby: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    unless_asked: bool = False
    unless_compared: bool = False
    after_apostrophe: bool = False
    after_rank: bool = False


@dataclass(slots=True, kw_only=True)
class NumberTables:
    """Words of numbers: what each adds ("word"), multiplies by ("scale"), or ranks ("ordinal").

    Attributes:
        grouping: Signs between groups of three digits.
        joiners: Words between the parts of a number ("and").
        articles: Words for one before a scale ("a million").
        halves: Words for half of a scale ("half a million").
        compounds: Whether a number is one word ("zweihundertfünfzig").
        vigesimal: Whether ten to nineteen are added to sixty and eighty ("quatre-vingt-dix").
        myriads: Whether 10,000 is the first large scale, and not 1000.
        ordinal_before: Words before a number that make it a rank ("第").
        ordinal_after: Words after it that do ("番目").
        ordinal_suffixes: Letters after digits that make a rank ("2nd").
        ordinal_dot: Whether a full stop does ("2.").
        suffixes: Letters after digits that multiply ("10k").
        words: All words of numbers, by what they do.
        pieces: Those that make compounds.
        units: Words and signs of units.
    """

    grouping: frozenset[str] = frozenset(",")
    joiners: frozenset[str] = frozenset()
    articles: frozenset[str] = frozenset()
    halves: frozenset[str] = frozenset()
    compounds: bool = False
    vigesimal: bool = False
    myriads: bool = False
    ordinal_before: frozenset[str] = frozenset()
    ordinal_after: Trie[None] = field(default_factory=Trie)
    ordinal_suffixes: frozenset[str] = frozenset()
    ordinal_dot: bool = False
    suffixes: dict[str, float] = field(default_factory=dict)
    words: Trie[tuple[str, float]] = field(default_factory=Trie)
    pieces: dict[str, tuple[str, float]] = field(default_factory=dict)
    units: Trie[str] = field(default_factory=Trie)


@dataclass(slots=True, kw_only=True)
class TimeTables:
    """Phrases of times: moments, and what stands before them.

    Attributes:
        months: The numbers of the months by their names.
        decade_suffixes: Letters after the digits of a decade ("1990s"), "" for none.
        roman: Whether centuries have Roman numerals.
        moments: Phrases with slots: year, old (a year before Christ), iso, day, month, decade,
            rank.
        phrases: Phrases with moments, by the relation that they stand in.
        centuries: Words that stand beside a rank.
        openers: Words that may begin a moment.
    """

    decade_suffixes: frozenset[str] = frozenset()
    roman: bool = False
    months: dict[str, int] = field(default_factory=dict)
    moments: Trie[None] = field(default_factory=Trie)
    phrases: Trie[str] = field(default_factory=Trie)
    centuries: set[str] = field(default_factory=set)
    openers: set[str] = field(default_factory=set)
