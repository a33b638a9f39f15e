"""The lexicon of questions: the language of a text, its tokens, and the operators among them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from kg.folding import canonical, fold
from kptm.answering.lexicon.detection import Detector
from kptm.answering.lexicon.language import COMMON, FOLDER, Language, read_file
from kptm.answering.lexicon.match import Match
from kptm.answering.lexicon.periods import times
from kptm.answering.lexicon.quantities import quantities
from kptm.answering.lexicon.splitting import APOSTROPHES, Token, runs
from kptm.answering.lexicon.stems import stemmer
from kptm.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kptm.answering.lexicon.match import Kind
    from kptm.answering.lexicon.tables import Operator

DEFAULT = "en"
_CACHED = 100_000


@cache
def load() -> Lexicon:
    """The lexicon of all languages that have a data file, read once."""
    return Lexicon(FOLDER)


class Lexicon:
    """The operators of questions, by language.

    Args:
        folder: The data files: one ``xx.toml`` for a language, and ``common.toml``.

    Raises:
        ConfigError: A data file is not as its format says.
    """

    def __init__(self, folder: Path) -> None:
        codes = sorted(path.stem for path in folder.glob("*.toml") if path.stem != COMMON)
        self._common = read_file(folder / f"{COMMON}.toml")
        self._files = {code: read_file(folder / f"{code}.toml") for code in codes}
        self._languages: dict[str, Language] = {}
        self._detector = Detector(self._files, DEFAULT)
        self._pieces: dict[tuple[str, str], tuple[tuple[str, str, str, int], ...]] = {}

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes of all languages."""
        return tuple(self._files)

    def language(self, text: str) -> str:
        """The language of a text, by its script and its function words; "en" where they do not say."""
        return self._detector.detect([run for run, _ in runs(text)])

    def tokens(self, text: str, language: str = DEFAULT) -> list[Token]:
        """The words and numbers of a text, with their places in it."""
        found: list[Token] = []
        for run, start in runs(text):
            for part, folded, stem, at in self._parts(run, language):
                found.append(Token(part, folded, stem, start + at, start + at + len(part)))
        return found

    def is_function_word(self, token: Token, language: str = DEFAULT) -> bool:
        """Whether a token is a word of a closed class, which names nothing."""
        tables = self._tables(language)
        return tables.spelling.key(token.folded) in tables.function_words

    def matches(self, tokens: Sequence[Token], language: str = DEFAULT) -> list[Match]:
        """All spans of tokens that are operators, the longest ones first.

        A span within a longer one is left out, except where both are possible ("how many people": a count, or the
        population). One span may be several operators ("second", "more").
        """
        tables = self._tables(language)
        keys = [tables.spelling.key(token.folded) for token in tokens]
        numbers = quantities(tokens, keys, tables.numbers)
        opening = next((at for at, key in enumerate(keys) if key not in tables.openers), 0)
        words = _Words(keys, opening, frozenset(item.end for item in numbers if item.ordinal))
        spans: list[tuple[int, int, bool]] = []
        found: list[Match] = []
        asking: list[Match] = []
        for at in range(len(keys)):
            for hit in tables.operators.find(keys, at):
                if _stands(hit.item, tokens, words, at, hit.end):
                    match = _match(at, hit.end, hit.item)
                    (asking if hit.item.unless_asked else found).append(match)
                    spans.append((at, hit.end, hit.item.inner))
        if not any(match.kind in ("ask", "count") for match in found):
            found += asking
        periods = times(tokens, keys, numbers, tables.times)
        moments = {(time.start, time.end) for time in periods if time.moment}
        for item in numbers:
            if item.unit and (item.start, item.end) in moments:
                continue  # "1995年" is no length of time
            kind: Kind = "ordinal" if item.ordinal else "number"
            found.append(Match(item.start, item.end, kind, number=item.number, unit=item.unit))
            spans.append((item.start, item.end, False))
        spans += [(start, end, False) for start, end in moments]
        covering = [(start, end) for start, end, inner in spans if not inner and end > start + 1]
        found = [match for match in found if not _is_covered(match, covering)]
        found += [Match(time.start, time.end, "time", period=time.period) for time in periods]
        return sorted(
            dict.fromkeys(found), key=lambda match: (match.start - match.end, match.start)
        )

    def _tables(self, language: str) -> Language:
        """The tables of a language, built when they are first used; those of the default where it has none."""
        code = language if language in self._files else DEFAULT
        if code not in self._languages:
            try:
                self._languages[code] = Language(self._files[code], self._common)
            except ConfigError as error:
                raise ConfigError(f"{code}.toml: {error}") from error
        return self._languages[code]

    def _parts(self, run: str, language: str) -> tuple[tuple[str, str, str, int], ...]:
        """The parts of a word: as typed, folded, the stem, and where in the word."""
        cached = self._pieces.get((run, language))
        if cached is not None:
            return cached
        tables = self._tables(language)
        stem = stemmer(tables.stemmer)
        found, at = [], 0
        for part in tables.spelling.split(run):
            folded = fold(part)
            found.append((part, folded, stem(tables.spelling.key(folded)), at))
            at += len(part)
        if len(self._pieces) < _CACHED:
            self._pieces[run, language] = tuple(found)
        return tuple(found)


def _match(start: int, end: int, item: Operator) -> Match:
    return Match(
        start, end, item.kind, item.order, item.comparison, item.hints, item.answer, item.generic
    )


def _stands(
    operator: Operator, tokens: Sequence[Token], words: _Words, start: int, end: int
) -> bool:
    """Whether an operator is allowed at its place."""
    before = words.keys[start - 1] if start else ""
    return not (
        (operator.initial and start > words.opening)
        or (operator.not_initial and start <= words.opening)
        or (operator.typed and _typed(tokens[start:end]) not in operator.typed)
        or (operator.final and end < len(words.keys))
        or (operator.nearby and operator.nearby.isdisjoint(words.keys))
        or (operator.after_apostrophe and tokens[start].text[0] not in APOSTROPHES)
        or (operator.after_rank and start not in words.ranked)
        or (operator.not_after and before in operator.not_after)
        or (operator.after and not any(_is_after(before, word) for word in operator.after))
    )


def _typed(tokens: Sequence[Token]) -> str:
    return canonical(" ".join(token.text for token in tokens).lower())


def _is_after(before: str, word: str) -> bool:
    return before.endswith(word[1:]) if word[0] == "-" else before == word


class _Words(NamedTuple):
    """The keys of a question's words, how many of them open any sentence ("and", "please"), and where ranks end."""

    keys: list[str]
    opening: int
    ranked: frozenset[int]


def _is_covered(match: Match, covering: Sequence[tuple[int, int]]) -> bool:
    length = match.end - match.start
    if match.kind == "number" and not match.unit:  # with its unit it is a span of its own
        covering = [span for span in covering if span != (match.start, match.end + 1)]
    return any(
        start <= match.start and match.end <= end and end - start > length
        for start, end in covering
    )
