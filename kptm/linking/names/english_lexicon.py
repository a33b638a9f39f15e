"""English word lists for linking: everyday words, titles, given names, surnames and more.

The files are in ``words/``, each with its source. The names themselves come from the graph; the
lists only help to decide whether a word is used as a name ("Will") and whom it means.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kptm.linking.index.index_build import key_hashes
from kptm.linking.index.link_index import find
from kptm.linking.names.english_words import FOLDER, tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


def listed_words(name: str) -> list[str]:
    """The words of a text file in ``words/``, the most frequent first."""
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [word for line in lines if not line.startswith("#") for word in line.split()]


@cache
def frequent_words() -> frozenset[str]:
    """The words of :func:`everyday_words` as strings in lower case, not as hashes."""
    return frozenset(word.lower() for word in listed_words("everyday.txt"))


class WordList(NamedTuple):
    """A list of W words, stored as hashes that can be compared with those of tokens.

    Attributes:
        hashes: The hashes of the words in lower case, shape (W,), sorted.
        values: The frequency value of each word, shape (W,): 1 for the first word of the list, and
            less for each later one, but more than 0. It has no meaning if the list is not in the
            order of frequency, as titles and dates.
    """

    hashes: NDArray[np.uint64]
    values: NDArray[np.float64]

    def value(self, hashes: NDArray[np.uint64]) -> NDArray[np.float64]:
        """The frequency value of each word; 0 for a word that is not listed."""
        index = find(self.hashes, hashes)
        return np.where(index < 0, 0.0, self.values[np.maximum(index, 0)])

    def has(self, hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Whether each word is listed."""
        return find(self.hashes, hashes) >= 0


def _word_list(words: list[str]) -> WordList:
    hashes = key_hashes(word.lower() for word in words)
    # Word frequency is a power of the rank (Zipf), so values fall with the log of the rank. The
    # + 2 keeps that of the last word above 0, the value of words that are not listed.
    values = 1 - np.log1p(np.arange(len(words))) / np.log(len(words) + 2)
    order = np.argsort(hashes, kind="stable")  # of equal words, the more frequent comes first
    return WordList(hashes[order], values[order])


@cache
def everyday_words() -> WordList:
    """The 8,000 most frequent words that are usually written in lower case."""
    return _word_list(listed_words("everyday.txt"))


@cache
def given_names() -> WordList:
    """First names of people."""
    return _word_list(listed_words("given-names.txt"))


@cache
def surnames() -> WordList:
    """Last names of people."""
    return _word_list(listed_words("surnames.txt"))


@cache
def titles() -> WordList:
    """Words that precede a person's name, such as "President"."""
    return _word_list(tables()["titles"])


@cache
def articles() -> frozenset[str]:
    """The articles, in lower case."""
    return frozenset(tables()["articles"])


@cache
def pronouns() -> Mapping[str, str]:
    """The kind of each third-person pronoun: "male", "female", "thing" or "several"."""
    return {
        word.strip(): kind
        for kind, words in tables()["pronouns"].items()
        for word in words.split(",")
    }


@cache
def dates() -> WordList:
    """The months and the days of the week."""
    return _word_list(tables()["dates"])


@cache
def ambiguous_words() -> WordList:
    """Names of people and months that are also common words in lower case, such as "will"."""
    return _word_list(tables()["either"])
