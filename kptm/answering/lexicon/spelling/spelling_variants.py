"""The spelling of a language: which spellings are equivalent, and where words are split."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kg.naming.folding import fold
from kptm.answering.lexicon.spelling.splitting import runs, split_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SPELLING = ("spelling", "suffixes", "elisions", "glued", "prefixes", "variants")
"""The parts of a data file that define the spelling."""
_NOT_KEY = str.maketrans("", "", "'’ʼ`´")
_MAX_CACHED_WORDS = 100_000
_SLOT = re.compile(r"<\w+>")
_PARTS = re.compile(rf"{_SLOT.pattern}|<=?|[^<\s]+")


class Spelling:
    """Splits words into parts, and maps equivalent spellings to the same key.

    Args:
        data: The data file of the language.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._spelling: dict[str, str] = data.get("spelling", {})
        self._suffixes = frozenset(data.get("suffixes", ()))
        self._elisions = frozenset(data.get("elisions", ()))
        self._glued = {word: len(parts.split()[0]) for word, parts in data.get("glued", {}).items()}
        self._prefixes = tuple(data.get("prefixes", ()))
        self._letters = _NOT_KEY | {ord(a): b for a, b in data.get("variants", "").split()}
        self._keys: dict[str, str] = {}
        self._words: dict[str, tuple[str, ...]] = {}
        self._stems: frozenset[str] = frozenset()

    def key(self, folded: str) -> str:
        """The key of a folded word, without apostrophes; equivalent spellings have the same key."""
        key_of_word = self._keys.get(folded)
        if key_of_word is None:
            key_of_word = folded.translate(self._letters)
            for typed, spelt in self._spelling.items():
                key_of_word = key_of_word.replace(typed, spelt)
            if len(self._keys) < _MAX_CACHED_WORDS:
                self._keys[folded] = key_of_word
        return key_of_word

    def split(self, word: str) -> list[str]:
        """Split a word into parts: "zweitgrößte" into "zweit" and "größte"."""
        lowered = word.lower()
        for prefix in self._prefixes:
            rest = lowered.removeprefix(prefix)
            if rest != lowered and self.key(fold(rest)) in self._stems:
                return [word[: len(prefix)], word[len(prefix) :]]
        return split_word(word, self._elisions, self._suffixes, self._glued)

    def split_before(self, words: Iterable[str]) -> None:
        """Split the prefixes of the language off these words, given by their keys, from now on."""
        self._stems = frozenset(words)

    def keys(self, phrase: str) -> tuple[str, ...]:
        """The keys of the words of a phrase, and its slots, in order."""
        return tuple(key for part in _PARTS.findall(phrase) for key in self._keys_of(part))

    def _keys_of(self, part: str) -> tuple[str, ...]:
        if _SLOT.fullmatch(part):
            return (part,)
        keys = self._words.get(part)
        if keys is None:
            pieces = [piece for run, _ in runs(part) for piece in self.split(run)]
            keys = self._words[part] = tuple(self.key(fold(piece)) for piece in pieces)
        return keys
