"""Maps words of questions to English nouns: "born" to place or date of birth, 法国 to France.

Each language has a table ``words/xx.toml``, which is loaded on first use; ``words/en.toml``
describes its format.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from kg.naming.folding import fold
from kptm.answering.lexicon.word_tables import (
    SPACED,
    UNSPACED,
    Nouns,
    WordTable,
    pieces,
    read_table,
)
from kptm.linking.text.char_classes import kind

if TYPE_CHECKING:
    from collections.abc import Sequence

REGULAR = ("s", "ing", "er", "est")
"""Endings of inflected words that are no past tenses."""
PLURALS = frozenset("children men women people mice geese feet teeth oxen dice".split())
"""Irregular plurals."""
LIGHT = frozenset("be come do get give go have keep let make pay put say take".split())
"""Verbs that say little beside a noun."""
ENGLISH = "en"
"""The language into which the other tables translate."""


def languages() -> tuple[str, ...]:
    """The codes of the languages that have a table, sorted."""
    files = resources.files(__package__).joinpath("words").iterdir()
    return tuple(sorted(file.name[:-5] for file in files if file.name.endswith(".toml")))


def expand(word: str, language: str) -> Nouns:
    """English nouns that a graph may use for a word or phrase of a question.

    Args:
        word: The word or phrase, in upper or lower case, inflected or not.
        language: The question's language, in ISO 639-1.

    Returns:
        The nouns, each with the probability that it is meant, best first; empty for a word without
        an entry or a language without a table.
    """
    table = _table(language)
    if table is None:
        return ()
    parts = pieces(word)
    nouns = table.words.find(parts)
    if nouns is None and len(parts) > 1 and kind(parts[0][0]) == SPACED and " " not in word:
        # The part with the most nouns is the content word: "auteur" in "l'auteur", "author" in
        # "author's".
        nouns = max((table.words.find([part]) or () for part in parts), key=len)
    return nouns or ()


def expand_question(words: Sequence[str], language: str) -> list[tuple[int, int, Nouns]]:
    """All words and phrases of a question that have an entry, even if they overlap.

    Args:
        words: The words of the question; in Chinese and Japanese, words or single characters.
        language: The question's language, in ISO 639-1.

    Returns:
        (position of the first word, position after the last word, English nouns) for each, in the
        order of the question. Of those that begin at the same word, the longest comes first. A
        single character within a longer Chinese or Japanese word is left out.
    """
    table = _table(language)
    if table is None:
        return []
    places = [(part, at) for at, word in enumerate(words) for part in pieces(word)]
    parts = [part for part, _ in places]
    # The word of each piece; the last item marks the end of the question.
    word_of = [at for _, at in places] + [len(words)]
    nouns_of_span: dict[tuple[int, int], Nouns] = {}
    for at, word in enumerate(word_of[:-1]):
        if at and word_of[at - 1] == word:
            continue  # a phrase begins with a word, too
        for end, nouns in table.words.spans(parts, at):
            if word_of[end] != word_of[end - 1]:  # a phrase ends with a word
                nouns_of_span[word, word_of[end - 1] + 1] = nouns
        if (word, word + 1) not in nouns_of_span and (nouns := expand(words[word], language)):
            nouns_of_span[word, word + 1] = nouns
    within = _characters_within(table, parts, word_of)
    return [
        (start, end, nouns)
        for (start, end), nouns in nouns_of_span.items()
        if start not in within or end > start + 1
    ]


def _characters_within(table: WordTable, parts: Sequence[str], word_of: Sequence[int]) -> set[int]:
    """Indices of the single-character words that are part of a longer word of the table.

    人 in 人口 does not mean a person.
    """
    within: set[int] = set()
    for at, part in enumerate(parts):
        if kind(part[0]) == UNSPACED:
            spans = (*table.words.spans(parts, at), *table.names.spans(parts, at))
            longest = max((end for end, _ in spans), default=at)
            if longest > at + 1:
                within.update(word for word in word_of[at:longest] if word_of.count(word) == 1)
    return within


def translate(phrase: str, language: str) -> str | None:
    """The English name of a country, continent, language, people or city; None for others."""
    table = _table(language)
    return None if table is None else table.names.find(pieces(phrase))


def lemmas(word: str, language: str = "en") -> tuple[str, ...]:
    """Dictionary forms of a word: "speak" for "spoke", "city" for "cities".

    An irregular form is looked up. For other words, the result has all forms that the endings
    allow, and some of these are not words.
    """
    table = _table(language)
    return () if table is None else table.inflections.lemmas(fold(word))


def irregular_base(word: str) -> str:
    """The base of an irregular English form, in lower case: "fight" for "fought".

    The word itself if it has several bases, or that of a verb that says little: "what rent does Ann
    pay" is not about a status "paid".
    """
    table = _table(ENGLISH)
    bases = () if table is None else table.inflections.irregular.get(word, ())
    return bases[0] if len(bases) == 1 and bases[0] not in LIGHT else word


@lru_cache(maxsize=1)
def relation_names() -> frozenset[str]:
    """The English names of relations that synonyms stand for: "date of birth", "members"."""
    table = _table("en")
    entries = () if table is None else table.words.entries.values()
    return frozenset(noun for nouns in entries for noun, _ in nouns)


def is_past(word: str) -> bool:
    """Whether an English word, in lower case, is a past tense or participle: "finished", "lent"."""
    base = lemmas(word)
    irregular = base and word not in base and not word.endswith(REGULAR) and word not in PLURALS
    return word.endswith("ed") or bool(irregular)


@lru_cache(maxsize=256)
def _table(language: str) -> WordTable | None:
    """The table of a language, for example of "de" for "de-AT"; None if it has no table."""
    code = language.lower().replace("_", "-").partition("-")[0]
    if code not in languages():
        return None
    file = resources.files(__package__).joinpath("words", f"{code}.toml")
    english = None if code == ENGLISH else _table(ENGLISH)
    return read_table(file.read_text(encoding="utf-8"), f"words/{code}.toml", english)
