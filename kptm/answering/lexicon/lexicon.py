"""The lexicon of questions: the language of a text, its tokens, and the operators among them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from kg.naming.folding import fold
from kptm.answering.lexicon.data_files import languages_of, read_common, read_file
from kptm.answering.lexicon.detection import Detector
from kptm.answering.lexicon.language import MIN_CORRECTED_LETTERS, Language
from kptm.answering.lexicon.operator_matching import find_matches
from kptm.answering.lexicon.spelling.edit_variants import one_edit
from kptm.answering.lexicon.spelling.splitting import Token, runs
from kptm.answering.lexicon.spelling.stems import stemmer
from kptm.errors import ConfigError
from kptm.linking.names.english_lexicon import frequent_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kptm.answering.lexicon.match import Match

DEFAULT = "en"
FOLDER = Path(__file__).parent
YEAR_DIGITS = 4
"""The number of digits of a year."""
MAX_SYMBOL_LETTERS = 3
"""The maximum number of letters of the symbol of a unit, such as "km2"."""
PER = "/"
"""The sign between two units."""
IN = "in"
"""A word that may precede a unit: "area in km2"."""
_MAX_CACHED_WORDS = 100_000
"""The maximum number of words in the cache of their parts."""


@cache
def load() -> Lexicon:
    """The lexicon of all languages that have a data file, read once."""
    return Lexicon(FOLDER)


class Lexicon:
    """Finds the language of a question, its tokens, and the operators among them.

    Args:
        folder: The folder of the data files: one ``xx.toml`` per language, and ``common.toml``.

    Raises:
        ConfigError: A data file is invalid.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._codes = languages_of(folder)
        self._languages: dict[str, Language] = {}
        self._detector = Detector(folder, DEFAULT)
        self._parts_of_word: dict[tuple[str, str], tuple[tuple[str, str, str, int], ...]] = {}

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes of all languages."""
        return self._codes

    def language(self, text: str) -> str:
        """The language of a text, from its script and its words; "en" if they do not decide."""
        return self._detector.detect([run for run, _ in runs(text)])

    def tokens(self, text: str, language: str = DEFAULT) -> list[Token]:
        """The words and numbers of a text, with their positions."""
        tokens: list[Token] = []
        for run, start in runs(text):
            for part, folded, stem, at in self._parts(run, language):
                tokens.append(Token(part, folded, stem, start + at, start + at + len(part)))
        return tokens

    def is_function_word(self, token: Token, language: str = DEFAULT) -> bool:
        """Whether a token is a function word, which cannot be a name."""
        tables = self._tables(language)
        return tables.spelling.key(token.folded) in tables.function_words

    def matches(
        self,
        tokens: Sequence[Token],
        language: str = DEFAULT,
        year: Callable[[], int | None] = lambda: None,
        is_known: Callable[[str], bool] = lambda day: False,
    ) -> list[Match]:
        """All spans of tokens that are operators, longest first.

        A span within a longer one is left out, unless both are possible: "how many people" asks
        for a count or for the population. One span may be several operators: "second", "more".

        Args:
            tokens: The tokens of a question.
            language: The language of the question.
            year: Function that returns the year to assume for dates without one, such as "4 March",
                or None. It is called only if the question has such a date.
            is_known: Function that tells whether a day ("1995-07-04") is a value of the graph. It
                is called only for a date that may be two days: "04/07/1995".
        """
        return find_matches(tokens, self._tables(language), year, is_known)

    def correct(self, token: Token, language: str = DEFAULT) -> Token | None:
        """Correct a misspelt word of an operator: "averge" becomes "average".

        Of several possible words the longest is chosen, because people omit a letter more often
        than they add one. Everyday English words are not corrected: "looks" stays "looks".

        Returns:
            The token with the corrected word; None if no word is possible, or several longest ones.
        """
        words = self._tables(language).operator_words
        if len(token.folded) < MIN_CORRECTED_LETTERS:
            return None
        if language == DEFAULT and token.folded in frequent_words():
            return None
        corrections = [word for word in one_edit(token.folded) if word in words]
        longest = [word for word in corrections if len(word) == max(map(len, corrections))]
        if len(longest) != 1:
            return None
        [(_, folded, stem, _)] = self._parts(longest[0], language)
        return replace(token, folded=folded, stem=stem)

    def without_unit(self, words: Sequence[str], language: str = DEFAULT) -> list[str]:
        """The words of a measure's name without a unit or year at its end, as in "weight kg".

        Args:
            words: The words in lower case, at least one.
            language: The language of the name.
        """
        units = self._tables(language).numbers.units
        for start in range(1, len(words)):
            last_words = words[start:]
            last = last_words[-1]
            is_alone = len(last_words) == 1
            is_year = is_alone and len(last) == YEAR_DIGITS and last.isdecimal()
            # A singular word is no unit: "year" in "birth year".
            may_be_unit = len(last) <= MAX_SYMBOL_LETTERS or last.endswith("s") or last == "feet"
            is_unit = may_be_unit and any(hit.end == len(words) for hit in units.find(words, start))
            if is_alone and PER in last.strip(PER):  # "p/kwh", "mg/l"
                is_unit = bool(units.find(last.split(PER)[-1:], 0))
            if is_year or is_unit:
                has_preposition = start > 1 and words[start - 1] == IN
                return list(words[: start - has_preposition])
        return list(words)

    def units(self, token: Token, language: str = DEFAULT) -> frozenset[str]:
        """The units that a word may mean."""
        hits = self._tables(language).numbers.units.find([token.folded], 0)
        return frozenset(hit.item for hit in hits)

    def _tables(self, language: str) -> Language:
        """The tables of a language, built on first use; those of English if it has no file."""
        if language in self._languages:
            return self._languages[language]
        code = language if language in self._codes else DEFAULT
        if code not in self._languages:
            data, common = read_file(self._folder, code), read_common(self._folder)
            try:
                self._languages[code] = Language(data, common)
            except ConfigError as error:
                raise ConfigError(f"{code}.toml: {error}") from error
        return self._languages[code]

    def _parts(self, run: str, language: str) -> tuple[tuple[str, str, str, int], ...]:
        """The parts of a word, each as (text as typed, folded text, stem, position in the word)."""
        cached = self._parts_of_word.get((run, language))
        if cached is not None:
            return cached
        tables = self._tables(language)
        stem = stemmer(tables.stemmer)
        parts, at = [], 0
        for part in tables.spelling.split(run):
            folded = fold(part)
            parts.append((part, folded, stem(tables.spelling.key(folded)), at))
            at += len(part)
        if len(self._parts_of_word) < _MAX_CACHED_WORDS:
            self._parts_of_word[run, language] = tuple(parts)
        return tuple(parts)
