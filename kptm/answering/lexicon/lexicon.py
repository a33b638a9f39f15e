"""The lexicon of questions: the language of a text, its tokens, and the operators among them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from kg.folding import fold
from kptm.answering.lexicon.detection import Detector
from kptm.answering.lexicon.match import Match
from kptm.answering.lexicon.periods import times
from kptm.answering.lexicon.quantities import quantities
from kptm.answering.lexicon.splitting import Token, runs, split_word
from kptm.answering.lexicon.stems import stemmer
from kptm.answering.lexicon.tables import COMMON, FOLDER, Language, Operator, read_common

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kptm.answering.lexicon.match import Kind

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
        common = read_common(folder)
        self._languages = {code: Language(code, common, folder) for code in codes}
        self._detector = Detector(self._languages, DEFAULT)
        self._pieces: dict[tuple[str, str], tuple[tuple[str, str, str, int], ...]] = {}

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes of all languages."""
        return tuple(self._languages)

    def language(self, text: str) -> str:
        """The language of a text, by its script and its function words; "en" where they do not say."""
        return self._detector.detect([(run, fold(run)) for run, _ in runs(text)])

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
        return tables.key(token.folded) in tables.function_words

    def matches(self, tokens: Sequence[Token], language: str = DEFAULT) -> list[Match]:
        """All spans of tokens that are operators, the longest ones first.

        A span within a longer one is left out, except where both are possible ("how many people": a count, or the
        population). One span may be several operators ("second", "more").
        """
        tables = self._tables(language)
        keys = [tables.key(token.folded) for token in tokens]
        numbers = quantities(tokens, keys, tables.numbers)
        spans: list[tuple[int, int, bool]] = []
        found: list[Match] = []
        for at in range(len(keys)):
            for hit in tables.operators.find(keys, at):
                if _stands(hit.item, tokens, keys, at, hit.end):
                    found.append(_match(at, hit.end, hit.item))
                    spans.append((at, hit.end, hit.item.inner))
        covering = [(start, end) for start, end, inner in spans if not inner and end > start + 1]
        covering += [(item.start, item.end) for item in numbers]
        for item in numbers:
            kind: Kind = "ordinal" if item.ordinal else "number"
            found.append(Match(item.start, item.end, kind, number=item.number, unit=item.unit))
        found = [match for match in found if not _is_covered(match, covering)]
        found += [
            Match(time.start, time.end, "time", period=time.period)
            for time in times(tokens, keys, numbers, tables.times)
        ]
        return sorted(
            dict.fromkeys(found), key=lambda match: (match.start - match.end, match.start)
        )

    def _tables(self, language: str) -> Language:
        return self._languages.get(language) or self._languages[DEFAULT]

    def _parts(self, run: str, language: str) -> tuple[tuple[str, str, str, int], ...]:
        """The parts of a word: as typed, folded, the stem, and where in the word."""
        cached = self._pieces.get((run, language))
        if cached is not None:
            return cached
        tables = self._tables(language)
        stem = stemmer(tables.stemmer)
        found, at = [], 0
        for part in split_word(run, tables.elisions, tables.suffixes, tables.glued):
            folded = fold(part)
            found.append((part, folded, stem(tables.key(folded)), at))
            at += len(part)
        if len(self._pieces) < _CACHED:
            self._pieces[run, language] = tuple(found)
        return tuple(found)


def _match(start: int, end: int, operator: Operator) -> Match:
    return Match(
        start,
        end,
        operator.kind,
        operator.order,
        operator.comparison,
        operator.hints,
        operator.answer,
        operator.generic,
    )


def _stands(
    operator: Operator, tokens: Sequence[Token], keys: Sequence[str], start: int, end: int
) -> bool:
    """Whether an operator is allowed at its place."""
    if operator.initial and start > 0 and not _only_before(keys, start):
        return False
    if operator.final and end < len(keys):
        return False
    if operator.nearby and operator.nearby.isdisjoint(keys):
        return False
    if operator.after_apostrophe and tokens[start].text[0] not in _APOSTROPHES:
        return False
    before = keys[start - 1] if start else ""
    if before in operator.not_after:
        return False
    return not operator.after or any(
        before.endswith(word[1:]) if word[0] == "-" else before == word for word in operator.after
    )


def _only_before(keys: Sequence[str], start: int) -> bool:
    """Whether only words that open any sentence stand before a place."""
    return start <= 2 and all(key in _OPENERS for key in keys[:start])


def _is_covered(match: Match, covering: Sequence[tuple[int, int]]) -> bool:
    length = match.end - match.start
    if match.kind == "number":  # its unit is a span of its own, and so is the number without it
        covering = [span for span in covering if span[0] < match.start]
    return any(
        start <= match.start and match.end <= end and end - start > length
        for start, end in covering
    )


_APOSTROPHES = frozenset("'’ʼ`´")
_OPENERS = frozenset(
    "and so but please ok okay hey hi hello well und also aber bitte y e pero et mais donc και 请 请问".split()
)
