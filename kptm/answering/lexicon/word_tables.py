"""Reads the tables ``words/xx.toml``, and looks phrases up in them."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeAlias, TypeVar

from kg.naming.folding import fold
from kptm.answering.lexicon.patterns import expand
from kptm.errors import ConfigError
from kptm.linking.text.char_classes import kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

T = TypeVar("T")
Key: TypeAlias = "tuple[str, ...]"
"""A phrase as its pieces."""
Nouns: TypeAlias = "tuple[tuple[str, float], ...]"
"""English nouns in lower case with p in (0, 1], best first."""

SPACED, UNSPACED, MARK = "a", "u", "m"
"""The script families of :func:`~kptm.linking.text.char_classes.kind`.

Scripts with and without spaces between words, and combining marks of the latter.
"""
P_DECREMENT, MIN_P = 0.1, 0.5
"""By how much p decreases from one noun without weight to the next, and the least p."""
MIN_STEM_LETTERS = 3
"""A dictionary form has at least this many letters and shares all but one of them with the word."""
SECTIONS = {"name", "endings", "spelling", "irregular", "words", "names"}
_NOUN = re.compile(r"^(.+?)(?:\s+(1|0?\.\d+))?$")


@lru_cache(maxsize=65_536)
def pieces(text: str) -> Key:
    """The key of a text: its folded words, or its characters in scripts without spaces."""
    parts: list[str] = []
    before = ""
    for char in fold(text):
        family = kind(char)
        if family == MARK or family == before == SPACED:
            parts[-1:] = ["".join((*parts[-1:], char))]
        elif family:
            parts.append(char)
        before = family
    return tuple(parts)


class Inflections(NamedTuple):
    """The inflections and alternative spellings of a language.

    Attributes:
        irregular: The dictionary forms of each irregular form.
        endings: The endings to cut, with their replacements.
        spelling: Letters as people may type them, with the folded letters of the table: "ae" for
            "ä" is mapped to "a".
    """

    irregular: Mapping[str, tuple[str, ...]]
    endings: tuple[tuple[str, str], ...]
    spelling: Mapping[str, str]

    def forms(self, word: str) -> tuple[str, ...]:
        """The forms of a folded word to look up: the word, its spellings, and dictionary forms."""
        spelled = word
        for typed, letter in self.spelling.items():
            spelled = spelled.replace(typed, letter)
        words = dict.fromkeys((word, spelled))
        return tuple(dict.fromkeys((*words, *(form for x in words for form in self.lemmas(x)))))

    def lemmas(self, word: str) -> tuple[str, ...]:
        """The dictionary forms of a folded word: the listed ones, or all that the endings allow."""
        if word in self.irregular:
            return self.irregular[word]
        forms = []
        for ending, instead in self.endings:
            stem = word.removesuffix(ending)
            if (
                stem != word
                and len(stem) >= MIN_STEM_LETTERS - 1
                and len(stem + instead) >= MIN_STEM_LETTERS
            ):
                forms.append(stem + instead)
                if not instead and stem[-1] == stem[-2] and stem[-1] not in "aeiou":
                    forms.append(stem[:-1])  # "running", "bigger"
        return tuple(dict.fromkeys(forms))


class Phrases(Generic[T]):
    """Finds the entries of a table in a text.

    Args:
        entries: The entries, by the pieces of their phrase in dictionary form.
        forms: Function that returns the dictionary forms of a piece.
    """

    def __init__(self, entries: Mapping[Key, T], forms: Callable[[str], tuple[str, ...]]) -> None:
        self.entries = entries
        self._forms = forms
        self._prefixes = {key[:end] for key in entries for end in range(1, len(key) + 1)}

    def spans(self, parts: Sequence[str], start: int) -> list[tuple[int, T]]:
        """The entries that begin at a piece, as (end, entry), longest first."""
        spans: list[tuple[int, T]] = []
        begun: list[Key] = [()]
        for end in range(start, len(parts)):
            longer = ((*key, form) for key in begun for form in self._forms(parts[end]))
            begun = [key for key in longer if key in self._prefixes]
            if not begun:
                break
            spans += [(end + 1, self.entries[key]) for key in begun if key in self.entries][:1]
        return spans[::-1]

    def find(self, parts: Sequence[str]) -> T | None:
        """The entry of a complete phrase; None if there is none."""
        return next((item for end, item in self.spans(parts, 0) if end == len(parts)), None)


class WordTable(NamedTuple):
    """The table of a language.

    Attributes:
        words: The English nouns of each word or phrase.
        names: The English name of each name.
        inflections: The inflections of the language.
    """

    words: Phrases[Nouns]
    names: Phrases[str]
    inflections: Inflections


def read_table(text: str, where: str, english: WordTable | None = None) -> WordTable:
    """Read a table.

    Args:
        text: The content of the file.
        where: The name of the file, for messages.
        english: The English table, whose entries for a noun are added to it; None adds none.

    Raises:
        ConfigError: The file is not TOML, or has an unknown section, an empty entry or pattern, or
            the same phrase in two entries.
    """
    try:
        return _read(tomllib.loads(text), english)
    except (tomllib.TOMLDecodeError, ConfigError) as error:
        raise ConfigError(f"{where}: {error}") from error


def _read(sections: Mapping[str, Mapping[str, Any]], english: WordTable | None) -> WordTable:
    """The table from the sections of a file."""
    if unknown := sorted(sections.keys() - SECTIONS):
        raise ConfigError(
            f"unknown section {unknown[0]!r}; known are {', '.join(sorted(SECTIONS))}"
        )
    inflections = _read_inflections(sections)
    forms = lru_cache(maxsize=65_536)(inflections.forms)
    words = {key: read_nouns(nouns) for key, nouns in _entries(sections.get("words", {}))}
    if english is not None:
        words = {key: _add_english(nouns, english) for key, nouns in words.items()}
    names = dict(_entries(sections.get("names", {})))
    return WordTable(Phrases(words, forms), Phrases(names, forms), inflections)


def _read_inflections(sections: Mapping[str, Mapping[str, str]]) -> Inflections:
    """The inflections from the sections of a file."""
    irregular: dict[str, list[str]] = {}
    for base, forms in sections.get("irregular", {}).items():
        for form in forms.split():
            irregular.setdefault(fold(form), []).append(fold(base))
    endings = [fold(ending).partition(">") for ending in sections.get("endings", ())]
    return Inflections(
        {form: tuple(bases) for form, bases in irregular.items()},
        tuple((ending, instead) for ending, _, instead in endings),
        {fold(typed): fold(spelt) for typed, spelt in sections.get("spelling", {}).items()},
    )


def read_nouns(texts: Sequence[str]) -> Nouns:
    """The nouns of an entry with their p, best first.

    Raises:
        ConfigError: The entry is empty, or a noun is empty or repeated.
    """
    nouns: dict[str, float] = {}
    for place, text in enumerate(texts):
        noun, weight = _NOUN.findall(text.strip())[0] if text.strip() else ("?", "")
        if not noun[0].isalpha() or noun in nouns:
            raise ConfigError(f"the noun {text!r} is none, or stands twice in {list(texts)}")
        nouns[noun] = float(weight) if weight else max(MIN_P, round(1 - P_DECREMENT * place, 2))
    return tuple(sorted(nouns.items(), key=lambda item: -item[1]))


def _add_english(nouns: Nouns, english: WordTable) -> Nouns:
    """Add to English nouns the nouns to which the English table maps them."""
    weights = dict(nouns)
    for word, weight in nouns:
        for noun, likely in english.words.find(pieces(word)) or ():
            weights[noun] = max(weights.get(noun, 0.0), round(weight * likely, 2))
    return tuple(sorted(weights.items(), key=lambda item: -item[1]))


def _entries(section: Mapping[str, T]) -> Iterator[tuple[Key, T]]:
    """Yield (pieces of a phrase, its value) for each phrase of a section."""
    seen: dict[Key, str] = {}
    for line, value in section.items():
        for phrase in line.split(","):
            for key in map(pieces, expand(phrase, {})):
                if not key or not value:
                    raise ConfigError(f"the entry {line!r} is empty, or a part of it")
                if seen.setdefault(key, line) != line:
                    raise ConfigError(f"{phrase.strip()!r} stands in {seen[key]!r} and in {line!r}")
                yield key, value
