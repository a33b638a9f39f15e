"""The words of follow-up questions in each language, read from TOML files."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.naming.folding import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_FOLDER = Path(__file__).parent
LANGUAGES = tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))
"""The codes of the languages that have follow-ups."""
_NEVER = re.compile(r"(?!)")
"""A pattern that matches nowhere."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A follow-up that is not a whole question, such as "and of chile".

    Attributes:
        rest: The content without opening and closing words: "chile".
        preposition: Whether a preposition precedes the content.
        article: Whether an article precedes the content.
    """

    rest: str
    preposition: bool
    article: bool


class FollowUpWords:
    """Recognises the follow-ups of one language by its words.

    Args:
        data: The contents of the language's TOML file.
    """

    def __init__(self, data: dict[str, Any]) -> None:
        self._spaced = data.get("spaced", True)
        self._prepositions = frozenset(data["prepositions"])
        self._particles = self._prepositions.union(data["questions"])
        self.templates: dict[str, str] = data["templates"]
        self._expletives = frozenset(data["expletives"])
        self._counts = frozenset(map(fold, data["counts"]))
        self._list = self._word(data["lists"])
        self.persons = frozenset(data["persons"])
        self.several = frozenset(data["several"])
        self._opener = self._start(data["openers"])
        self._preposition = self._start(data["prepositions"])
        self._article = self._start(data["articles"])
        self._closer = self._end(data["closers"])
        self._question = self._start(data["questions"])
        self._about_person = self._start(data["about_persons"])
        self._about_place = self._start(data["about_places"])
        self.possessive = self._word(data["possessives"], noun=True)
        self.demonstrative = self._word(data["demonstratives"], noun=True)
        self.place = self._word([*self._before(data), *data["places"]])
        self.object = self._word(data["objects"])

    # ── kinds of questions ───────────────────────────────────────────────────────────────────

    def fragment(self, question: str) -> Fragment | None:
        """The fragment after opening words such as "and"; None if the question has none."""
        text = question.strip(" ¿?？!.,;…\t\n")
        opened = self._opener.match(text)
        if opened is None:
            return None
        while opened is not None:
            text = text[opened.end() :].lstrip(" ,¿")
            opened = self._opener.match(text)
        text = self._closer.sub("", text)
        preposition = self._preposition.match(text)
        if preposition is not None:
            text = text[preposition.end() :].lstrip()
        article = self._article.match(text)
        text = text[article.end() :].lstrip() if article is not None else text
        return Fragment(text, preposition is not None, article is not None)

    def count_question(self, question: str, last: str) -> str | None:
        """The last question as a question for a number, if ``question`` is like "how many?"."""
        if fold(question.strip(" ¿?？!.,")) not in self._counts:
            return None
        text, replaced = self._list.subn(self.templates["count"], last, count=1)
        return text if replaced else None

    def listed_things(self, last: str) -> str | None:
        """What the last question listed: "which rivers cross Texas" → "rivers that cross Texas".

        None if the last question does not have this form.
        """
        match = self._list.match(last.strip())
        if match is None or "listed" not in self.templates:
            return None
        noun, _, rest = last.strip()[match.end() :].strip(" ?？").partition(" ")
        if not rest or self.is_particle(noun) or self.is_particle(rest.split()[0]):
            return None
        return self.templates["listed"].format(noun=noun, rest=rest)

    def is_question(self, text: str) -> bool:
        """Whether a text begins like a complete question."""
        return self._question.match(text) is not None

    def asks_for_person(self, question: str) -> bool:
        """Whether a question asks for a person."""
        return self._about_person.match(question.lstrip(" ¿")) is not None

    def asks_for_place(self, question: str) -> bool:
        """Whether a question asks for a place."""
        return self._about_place.match(question.lstrip(" ¿")) is not None

    def is_particle(self, word: str) -> bool:
        """Whether a word is a preposition or question word, so that no noun follows "her"."""
        return word.lower() in self._particles

    def is_expletive(self, before: str) -> bool:
        """Whether "there" after this text is expletive, as in "are there", and means no place."""
        return _last_word(before) in self._expletives

    def ends_in_preposition(self, text: str) -> bool:
        """Whether a text ends in a preposition."""
        return _last_word(text) in self._prepositions

    def join_names(self, names: Sequence[str]) -> str:
        """Join several names into one phrase."""
        return ", ".join(names[:-1]) + self.templates["join"] + names[-1]

    # ── patterns ─────────────────────────────────────────────────────────────────────────────

    def _start(self, words: Iterable[str]) -> re.Pattern[str]:
        end = r"(?!\w)" if self._spaced else ""
        return _pattern(words, "", end)

    def _end(self, words: Iterable[str]) -> re.Pattern[str]:
        return _pattern(words, r"[\s,]+" if self._spaced else "", "$")

    def _word(self, words: Iterable[str], *, noun: bool = False) -> re.Pattern[str]:
        """A pattern for one of the words anywhere; with ``noun`` also for the word after it."""
        before, after = (r"(?<!\w)", r"(?!\w)") if self._spaced else ("", "")
        if noun:
            # Without spaces the noun cannot be found, so that its group is empty.
            after += r"\s+(?P<noun>[^\W\d_][\w'’-]*)" if self._spaced else r"(?P<noun>)"
        return _pattern(words, before, after)

    def _before(self, data: dict[str, Any]) -> list[str]:
        """Words for places that include a preposition: "from there"."""
        return [f"{word} {place}" for place in data["places"] for word in data["prepositions"]]


def _last_word(text: str) -> str:
    """The last word of a text in lower case; "" if there is none."""
    return next(reversed(text.lower().split()), "")


def _pattern(words: Iterable[str], before: str, after: str) -> re.Pattern[str]:
    """A pattern for one of the words, which prefers the longest."""
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    if not longest_first:
        return _NEVER
    inner = "|".join(r"\s+".join(map(re.escape, word.split())) for word in longest_first)
    return re.compile(f"{before}(?P<word>{inner}){after}", re.IGNORECASE)


@cache
def words_of(code: str) -> FollowUpWords | None:
    """The words of a language; None if it has no file."""
    if code not in LANGUAGES:
        return None
    return FollowUpWords(tomllib.loads((_FOLDER / f"{code}.toml").read_text(encoding="utf-8")))
