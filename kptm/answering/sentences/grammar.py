"""Inflects English words: plurals, verbs, articles. The word lists are in ``en.toml``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from kptm.answering.sentences.languages import language

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_SIBILANT = ("ss", "sh", "ch", "x", "zz")
_VOWELS = "aeiou"
_QUANTITY = re.compile(r"((?:about )?-?\d[\d.,]*)(?: (.+))?")
MIN_UNIT_LETTERS, MIN_PLURAL_LETTERS = 4, 3
"""The minimum number of letters of a unit that gets a plural, and of a word that may be plural."""


@dataclass(frozen=True, slots=True)
class Forms:
    """The singular and plural form of a phrase: "borders", "border"."""

    one: str
    many: str

    def of(self, *, plural: bool) -> str:
        """The plural or the singular form."""
        return self.many if plural else self.one


class SentenceGrammar:
    """Inflects English words, by word lists and rules.

    Args:
        data: The contents of ``en.toml``.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        words = data["grammar"]
        self.prepositions = frozenset(words["prepositions"].split())
        self._joints = frozenset(words["joints"].split())
        self.following = self.prepositions - {"of", "by", "within"}
        self.verbs = frozenset(words["verbs"].split())
        self._bases: dict[str, str] = {self.base(verb): verb for verb in sorted(self.verbs)}
        self._noun_endings = tuple(words["noun_endings"].split())
        self.roles = frozenset(words["roles"].split())
        self.pasts: Mapping[str, str] = words["pasts"]
        self.participles = frozenset(words["participles"].split())
        self.intransitive = frozenset(words["intransitive"].split())
        self.lasting = frozenset(words["lasting"].split())
        self.indefinite = frozenset(words["indefinite"].split())
        self.bare = frozenset(words["bare"].split())
        self.determiners = frozenset(words["determiners"].split())
        self.requests = frozenset(words["requests"].split())
        self._times = frozenset(words["times"].split())
        self.plain_units = frozenset(words["plain_units"].split())
        self.superlatives: Mapping[str, list[str]] = data["superlatives"]
        self._irregular: Mapping[str, str] = words["irregular"]
        self._in_s = frozenset(words["singular_in_s"].split())
        articles = data["articles"]
        self._types = frozenset(articles["types"].split())
        self._last = frozenset(articles["last_words"].split())
        self._first = frozenset(articles["first_words"].split())
        self._names = frozenset(articles["names"].split())

    # ── nouns ────────────────────────────────────────────────────────────────────────────────

    def noun(self, text: str) -> Forms:
        """The singular and plural of a noun phrase: "place of birth", "places of birth"."""
        words = text.split()
        stop = next((at for at, word in enumerate(words) if at and word in self.prepositions), None)
        head, rest = words[:stop], [] if stop is None else words[stop:]
        if not head or not self._joints.isdisjoint(head):
            return Forms(text, text)
        forms = self.forms(head[-1])
        singular, plural = (" ".join([*head[:-1], word, *rest]) for word in (forms.one, forms.many))
        return Forms(singular, plural)

    def forms(self, word: str) -> Forms:
        """The singular and plural of a noun that is given in either form."""
        return (
            Forms(self.singular(word), word)
            if self.is_plural(word)
            else Forms(word, self.plural(word))
        )

    def singular(self, word: str) -> str:
        """The singular of a plural."""
        for singular, plural in self._irregular.items():
            if plural == word:
                return singular
        if word.endswith("ies") and len(word) > 4:
            return f"{word[:-3]}y"
        if word.endswith("es") and word[:-2].endswith(_SIBILANT):
            return word[:-2]
        return word if word.endswith("ics") or not word.isalpha() else word.removesuffix("s")

    def plural(self, word: str) -> str:
        """The plural of a word; a word with other letters than English ones stays as it is."""
        if word in self._irregular:
            return self._irregular[word]
        lower = word.lower()
        if not lower[-1:].isalpha() or not lower.isascii():
            return word
        if lower.endswith("y") and lower[-2:-1] not in _VOWELS:
            return f"{word[:-1]}ies"
        if lower.endswith((*_SIBILANT, "s", "z")):
            return f"{word}es"
        return f"{word}s"

    def is_plural(self, word: str) -> bool:
        """Whether a word is a plural: "languages" is, but "gas", "address" and "status" are not."""
        if word in self._irregular.values():
            return True
        lower = word.lower()
        plain = lower in self._in_s or lower in self._irregular
        if len(lower) < MIN_PLURAL_LETTERS or plain:
            return False
        return lower.endswith("s") and not lower.endswith(("ss", "us", "is"))

    def quantity(self, text: str) -> str:
        """A value with its unit in the plural: "3,778 kilometres".

        The unit "people" is left out, because the sentence names the people.
        """
        match = _QUANTITY.fullmatch(text)
        if match is None:
            return text
        number, unit = match[1], match[2] or ""
        if not unit or unit in self.plain_units:
            return number
        words = unit.split()
        if number != "1" and all(word.isalpha() and word.islower() for word in words):
            words = self._many_units(words)
        return f"{number} {' '.join(words)}"

    def _many_units(self, words: list[str]) -> list[str]:
        """The plural of a unit, which is that of the word before "per": "metres per second"."""
        stop = words.index("per") if "per" in words else len(words)
        last = words[stop - 1] if stop else ""
        if len(last) < MIN_UNIT_LETTERS or last in self.plain_units or self.is_plural(last):
            return words
        return [*words[: stop - 1], self.plural(last), *words[stop:]]

    # ── verbs ────────────────────────────────────────────────────────────────────────────────

    def base(self, verb: str) -> str:
        """The base form of a verb: "border" for "borders", "carry" for "carries"."""
        if verb == "has":
            return "have"
        if verb.endswith("ies") and len(verb) > 4:
            return f"{verb[:-3]}y"
        if verb.endswith("es") and verb[:-2].endswith((*_SIBILANT, "o")):
            return verb[:-2]
        return verb.removesuffix("s")

    def verb_of_base(self, word: str) -> str:
        """The third person of a verb in the list: "shares" for "share"; "" for other verbs."""
        return self._bases.get(word, "")

    def may_be_verb(self, word: str) -> bool:
        """Whether a word before a preposition may be a verb: "smells", but not "members"."""
        return self.is_plural(word) and not word.endswith(self._noun_endings)

    def is_time(self, name: str) -> bool:
        """Whether a relation with this name has times as values."""
        return not self._times.isdisjoint(name.lower().split())

    def is_past(self, word: str) -> bool:
        """Whether a word is a past tense or a participle."""
        regular = word.endswith("ed") and not word.endswith("eed") and len(word) > 3
        return regular or word in self.pasts or word in self.participles

    # ── names ────────────────────────────────────────────────────────────────────────────────

    def name(self, label: str, types: Collection[str]) -> str:
        """A name with its article: "the Rio Grande", "the United States"."""
        words = label.split()
        if not words or words[0].lower() in ("the", "a", "an") or "and" in words:
            return label
        typed = any(self._types.intersection(kind.lower().split()[-1:]) for kind in types)
        named = label in self._names or (len(words) > 1 and self._takes_article(words))
        return f"the {label}" if typed or named else label

    def _takes_article(self, words: list[str]) -> bool:
        """Whether a name has the article "the" because of its first or last word."""
        of = "of" in words and words[0] in self._first
        return words[-1] in self._last or words[0] == "United" or of


def article(noun: str) -> str:
    """A noun with the article "a" or "an", which depends on its first letters."""
    silent = noun[:4].lower() in ("hour", "hono", "heir")
    vowel = noun[:1].lower() in _VOWELS and not re.match(r"(?i)uni(?!n|m)|eu|one|use", noun)
    return f"{'an' if vowel or silent else 'a'} {noun}"


@cache
def english() -> SentenceGrammar:
    """The English grammar, which is read once."""
    return SentenceGrammar(language("en").data)
