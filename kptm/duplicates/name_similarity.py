"""Compares the names of two entities, word by word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA, JaroWinkler

from kg.naming.folding import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_WORD = re.compile(r"[^\W_]+")
_APOSTROPHES = re.compile(r"(?<=\w)'(?=s\b)|'")
EDITS_BY_LETTERS = ((8, 2), (4, 1))
"""The most edits of a slip in a word of at least so many letters."""
ABBREVIATION_WEIGHT, SLIP_WEIGHT = 0.6, 0.8
"""The weight of an abbreviated and of a misspelled word; that of an equal word is 1."""
MAX_NAMES_OF_SLIP = 1
"""A word that more entities have in their names does not count as a slip."""
SLIP_RARITY_RATIO = 100
"""A word that is so many times rarer than a similar one is a slip, too."""
MAX_ACRONYM_CHARACTERS = 11
"""The most letters and spaces of an acronym."""
MAX_ABBREVIATION_LETTERS = 4
"""The most letters of an abbreviation."""
MAX_WORDS = 24
"""The most words of a name that are compared."""
_ROMAN = re.compile(r"[ivx]{1,5}")
_SMALL = frozenset(
    "of the and a an in on for to at by with de la le les el los las du des del der die das von und"
    " et y e da di do dos".split()
)
_CONVENTIONAL = frozenset(
    "ave blvd bros capt co col corp dept dr etc gen gov inc intl jr lt ltd mr mrs mt nat no prof rd"
    " rev sr st univ vol".split()
)
"""Abbreviations that are written without a dot, in many names."""
EDITS_BY_JOINED_LETTERS = ((12, 2), (5, 1))
"""The most edits of words of at least so many letters in all, when they are written together."""


@lru_cache(maxsize=1 << 16)
def words_of(name: str) -> tuple[str, ...]:
    """The folded words of a name, without punctuation."""
    return tuple(_WORD.findall(_APOSTROPHES.sub("", fold(name))))[:MAX_WORDS]


@lru_cache(maxsize=1 << 16)
def _in_order(name: str) -> str:
    return " ".join(sorted(words_of(name)))


def letters_in_common(first: str, second: str) -> float:
    """The letters in common of two names in any order of words, in percent; 100 for acronyms.

    It takes a microsecond, so that only some pairs are compared word by word.
    """
    left, right = _in_order(first), _in_order(second)
    if min(len(left), len(right)) <= MAX_ACRONYM_CHARACTERS and left and right:
        first_words, second_words = words_of(first), words_of(second)
        if _is_acronym(first_words, second_words) or _is_acronym(second_words, first_words):
            return 100.0
    return fuzz.ratio(left, right)


@dataclass(frozen=True, slots=True)
class NameSimilarity:
    """How alike two names are.

    Attributes:
        first: The first name.
        second: The second name.
        same: Whether the folded names are equal.
        same_words: Whether the words are equal, in any order.
        share: The weight of the words in common, as a share of all words' weight, from 0 to 1.
        string: The Jaro–Winkler similarity of the whole names.
        slips: The number of misspelled words.
        known: The number of misspelled words whose right form is in other names too.
        abbreviated: The number of abbreviated words.
        short_words: The number of these that are words of other names and have no dot, such as
            "ska", which is no abbreviation of "skate".
        left_over: The weight of the words without a counterpart, in the name where it is lower. If
            both names have such words, they mostly mean two things of one kind.
        extra: The same weight in the name where it is higher.
        numbers_differ: Whether the words without a counterpart contain numbers.
        how: How the names are alike, in words.
    """

    first: str
    second: str
    same: bool = False
    same_words: bool = False
    share: float = 0.0
    string: float = 0.0
    slips: int = 0
    known: int = 0
    abbreviated: int = 0
    short_words: int = 0
    left_over: float = 0.0
    extra: float = 0.0
    numbers_differ: bool = False
    how: str = ""


class NameComparer:
    """Compares names by the words of a graph.

    Args:
        frequency: The number of names with a word. A misspelled word is in few; of two words that
            are both in many, neither is a slip of the other.
        weight: The weight of a word: higher for rare words.
    """

    def __init__(self, frequency: Callable[[str], int], weight: Callable[[str], float]) -> None:
        self._frequency, self._weight = frequency, weight

    def compare(self, first: str, second: str) -> NameSimilarity:
        """Compare two names."""
        left, right = words_of(first), words_of(second)
        if not left or not right:
            return NameSimilarity(first, second)
        if sorted(left) == sorted(right):
            same = left == right
            how = "the same name" if same else "the same words in another order"
            string = 1.0 if same else JaroWinkler.similarity(" ".join(left), " ".join(right))
            return NameSimilarity(first, second, same, True, 1.0, string, how=how)
        # A single letter is an initial: "E. Piano" is not "Piano".
        content = [
            sorted(word for word in side if len(word) == 1 or word not in _SMALL)
            for side in (left, right)
        ]
        if content[0] == content[1] and content[0]:
            string = JaroWinkler.similarity(" ".join(left), " ".join(right))
            how = "the same words but for small ones"
            return NameSimilarity(first, second, False, True, 1.0, string, how=how)
        string = JaroWinkler.similarity(" ".join(left), " ".join(right))
        if self._is_acronym_of(first, second) or self._is_acronym_of(second, first):
            return NameSimilarity(first, second, share=0.7, string=string, abbreviated=1,
                                  how="an acronym")  # fmt: skip
        return self._by_words(first, second, left, right, string)

    def _is_acronym_of(self, short: str, whole: str) -> bool:
        """Whether a name is the initials of another and is not written like a word.

        "SKA" and "s.k.a." are written like acronyms, "ska" only if no other name has the word and
        there are no capitals in either name.
        """
        words = words_of(short)
        if not _is_acronym(words, words_of(whole)):
            return False
        if len(words) > 1 or short.isupper() or "." in short:
            return True
        return (
            f"{short}{whole}".lower() == short + whole
            and self._frequency(words[0]) <= MAX_NAMES_OF_SLIP
        )

    def _by_words(
        self, first: str, second: str, left: Sequence[str], right: Sequence[str], string: float
    ) -> NameSimilarity:
        pairs, unpaired = self._align(left, right)
        if self._is_slip_across_words(pairs, unpaired):
            pairs.append(("".join(unpaired[0]), "".join(unpaired[1]), SLIP_WEIGHT))
            unpaired = ([], [])
        weights = [
            sum(self._weight(word) * value for word, value in side)
            for side in (
                [(left_word, value) for left_word, _, value in pairs],
                [(right_word, value) for _, right_word, value in pairs],
            )
        ]
        left_over = [sum(map(self._weight, words)) for words in unpaired]
        matched = sum(weights)
        counts: dict[float, int] = {
            value: sum(pair[2] == value for pair in pairs)
            for value in (1, SLIP_WEIGHT, ABBREVIATION_WEIGHT)
        }
        parts = [
            f"{counts[value]} {noun}{'s' if counts[value] != 1 else ''}{end}"
            for value, noun, end in (
                (1.0, "word", " in common"),
                (SLIP_WEIGHT, "slip", ""),
                (ABBREVIATION_WEIGHT, "abbreviation", ""),
            )
            if counts[value]
        ]  # fmt: skip
        return NameSimilarity(
            first,
            second,
            share=matched / ((matched + sum(left_over)) or 1.0),
            string=string,
            slips=counts[SLIP_WEIGHT],
            known=sum(
                max(map(self._frequency, pair[:2])) > MAX_NAMES_OF_SLIP
                for pair in pairs
                if pair[2] == SLIP_WEIGHT
            ),
            abbreviated=counts[ABBREVIATION_WEIGHT],
            short_words=sum(
                self._is_word(min(pair[:2], key=len), f"{first} {second}")
                for pair in pairs
                if pair[2] == ABBREVIATION_WEIGHT
            ),
            left_over=min(left_over),
            extra=max(left_over),
            numbers_differ=any(map(_is_number, (*unpaired[0], *unpaired[1]))),
            how=", ".join(parts) or "similar letters",
        )

    def _is_word(self, short: str, names: str) -> bool:
        """Whether an abbreviation is rather a word of its own."""
        return (
            len(short) > 1
            and short not in _CONVENTIONAL
            and self._frequency(short) > MAX_NAMES_OF_SLIP
            and f"{short}." not in fold(names)
        )

    def _align(
        self, left: Sequence[str], right: Sequence[str]
    ) -> tuple[list[tuple[str, str, float]], tuple[list[str], list[str]]]:
        """Pairs of words, each word once: equal ones first, then slips, then abbreviations.

        Also returns the words of both names without a counterpart.
        """
        unpaired_left, unpaired_right = list(left), list(right)
        pairs: list[tuple[str, str, float]] = []
        for value, fits in (
            (1.0, _is_equal),
            (SLIP_WEIGHT, self._is_slip),
            (ABBREVIATION_WEIGHT, _is_short),
        ):
            for word in list(unpaired_left):
                counterpart = next((item for item in unpaired_right if fits(word, item)), None)
                if counterpart is not None:
                    pairs.append((word, counterpart, value))
                    unpaired_left.remove(word)
                    unpaired_right.remove(counterpart)
        return pairs, (unpaired_left, unpaired_right)

    def _is_slip_across_words(
        self, pairs: Sequence[tuple[str, str, float]], unpaired: tuple[list[str], list[str]]
    ) -> bool:
        """Whether the words without a counterpart differ by a slip when written together.

        "Awar dfor" and "Award for": a slip that moves, inserts or deletes a space, or that is in a
        word too short for a slip of its own, of a long name. One side must have unknown words only.
        """
        joined_left, joined_right = "".join(unpaired[0]), "".join(unpaired[1])
        if (
            not joined_left
            or not joined_right
            or any(map(_is_number, (*unpaired[0], *unpaired[1])))
        ):
            return False
        if len(unpaired[0]) == len(unpaired[1]) == 1:
            short, max_edits = min(len(joined_left), len(joined_right)), 1
            if (
                short >= EDITS_BY_LETTERS[-1][0]
                or max(len(joined_left), len(joined_right)) < 3
                or len(pairs) < 2
            ):
                return False
        else:
            length = min(len(joined_left), len(joined_right))
            max_edits = next(
                (edits for min_letters, edits in EDITS_BY_JOINED_LETTERS if length >= min_letters),
                -1,
            )
        known = [max(map(self._frequency, words)) > MAX_NAMES_OF_SLIP for words in unpaired]
        return (
            not all(known)
            and OSA.distance(joined_left, joined_right, score_cutoff=max(max_edits, 0)) <= max_edits
        )

    def _is_slip(self, first: str, second: str) -> bool:
        length = min(len(first), len(second))
        max_edits = next(
            (edits for min_letters, edits in EDITS_BY_LETTERS if length >= min_letters), 0
        )
        return (
            max_edits > 0
            and OSA.distance(first, second, score_cutoff=max_edits) <= max_edits
            and not (_is_number(first) or _is_number(second))
            and self._is_misspelling(first, second)
        )

    def _is_misspelling(self, first: str, second: str) -> bool:
        """Whether one word is unknown or much rarer: "Counyt" among many a "County"."""
        low, high = sorted((self._frequency(first), self._frequency(second)))
        return low <= max(MAX_NAMES_OF_SLIP, high / SLIP_RARITY_RATIO)


def _is_equal(first: str, second: str) -> bool:
    return first == second


def _is_short(first: str, second: str) -> bool:
    """Whether one word is the beginning of the other: "j" of "john"; "with" is a word."""
    short, whole = sorted((first, second), key=len)
    return (
        len(short) <= MAX_ABBREVIATION_LETTERS
        and short != whole
        and (len(short) == 1 or short not in _SMALL)
        and whole.startswith(short)
        and not _is_number(short)
        and not _is_number(whole)
    )


def _is_number(word: str) -> bool:
    return any(map(str.isdigit, word)) or _ROMAN.fullmatch(word) is not None


def _is_acronym(short: Sequence[str], words: Sequence[str]) -> bool:
    """Whether a name is the initials of another: "un", "u s a"."""
    letters = "".join(short)
    if len(words) < 2 or len(letters) < 2 or len(letters) > len(words):
        return False
    if len(short) > 1 and any(len(word) > 1 for word in short):
        return False
    initials = "".join(word[0] for word in words)
    content = "".join(word[0] for word in words if word not in _SMALL)
    return letters in (initials, content)
