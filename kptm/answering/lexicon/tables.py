"""The classes of the tables that are built from a data file: operators, numbers and times."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kptm.answering.lexicon.patterns import Trie

if TYPE_CHECKING:
    from kptm.answering.lexicon.match import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """An operator, with conditions under which a phrase of the question is this operator.

    :class:`kptm.answering.lexicon.match.Match` describes the attributes ``kind`` to ``generic``.

    Attributes:
        initial: Only at the beginning of the question.
        not_initial: Never at the beginning of the question.
        typed: Only if typed as one of these texts, in lower case: "où" is not "ou".
        final: Only at the end of the question.
        empty: The match has no tokens, because the word also names a relation: "grenzt Polen an
            Ungarn".
        inner: Operators within the phrase are matched too.
        before_number: Only directly before a number or a time.
        after_number: Only directly after a number, its unit, or a time.
        after: Only after one of these words; "-ed" means a word with this ending, "^" the beginning
            of the question.
        not_after: Only if none of these words precedes it.
        without: Only if none of these words is in the question.
        unless_asked: Only if no other word asks for something, so that the answer is yes or no.
        unless_compared: Only if no other phrase of the question is a comparison.
        not_before: Only if none of these words follows it.
        nearby: Only if one of these words is in the question.
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
    """The words and signs of numbers.

    A number word has a kind: "word" adds its value, "scale" multiplies ("million"), and "ordinal"
    is a rank ("second").

    Attributes:
        grouping: Signs between groups of three digits.
        joiners: Words between the parts of a number ("and").
        articles: Words for one before a scale ("a million").
        halves: Words for half of a scale ("half a million").
        minus: Words before a number that make it negative ("minus 20").
        compounds: Whether numbers are written as one word ("zweihundertfünfzig").
        vigesimal: Whether ten to nineteen are added to sixty and eighty ("quatre-vingt-dix").
        myriads: Whether the first large scale is 10,000 instead of 1000.
        ordinal_before: Words before a number that make it a rank ("第").
        ordinal_after: Words after a number that make it a rank ("番目").
        ordinal_suffixes: Letters after digits that make a rank ("2nd").
        ordinal_dot: Whether a full stop after digits makes a rank ("2.").
        suffixes: Letters after digits that multiply ("10k").
        words: All number words, with their kinds and values.
        pieces: The number words that can be parts of compounds.
        units: Words and symbols of units.
        clock: Names of times of the day, in hours ("noon").
    """

    grouping: frozenset[str] = frozenset(",")
    joiners: frozenset[str] = frozenset()
    articles: frozenset[str] = frozenset()
    halves: frozenset[str] = frozenset()
    minus: frozenset[str] = frozenset()
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
    clock: Trie[float] = field(default_factory=Trie)


@dataclass(slots=True, kw_only=True)
class TimeTables:
    """The words and phrases of times.

    A moment is a day, month, year, decade or century. A phrase has a moment, or two, and words such
    as "since".

    Attributes:
        months: The numbers of the months by name.
        decade_suffixes: Letters after the digits of a decade ("1990s"); "" if it may have none.
        decades: The first years of decades by name ("nineties").
        roman: Whether centuries are written in Roman numerals.
        moments: Moments with the slots year, old (a year before Christ), iso, day, month, decade
            and rank.
        yearless: Moments without a year: "4 March", "March".
        verbs: Names of months that are also function words: "may".
        phrases: Phrases with moments, and the relation that they express ("since", "between").
        centuries: Words for "century" in moments with a rank.
        openers: Words that may begin a moment.
    """

    decade_suffixes: frozenset[str] = frozenset()
    decades: dict[str, int] = field(default_factory=dict)
    roman: bool = False
    months: dict[str, int] = field(default_factory=dict)
    moments: Trie[None] = field(default_factory=Trie)
    yearless: Trie[None] = field(default_factory=Trie)
    verbs: frozenset[str] = frozenset()
    phrases: Trie[str] = field(default_factory=Trie)
    centuries: set[str] = field(default_factory=set)
    openers: set[str] = field(default_factory=set)
