"""English word lists for linking: everyday words, titles, given names, surnames and more.

The files are in ``words/``, each with its source. Names of the graph are found without them.
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
    """Read the words of a text file in ``words/``, the most frequent first."""
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [word for line in lines if not line.startswith("#") for word in line.split()]


@cache
def frequent_words() -> frozenset[str]:
    """The most frequent words of English, in lower case."""
    return frozenset(word.lower() for word in listed_words("everyday.txt"))


class WordList(NamedTuple):
    """W words, as hashes of their folded forms with a frequency value.

    Attributes:
        hashes: W, sorted.
        values: W, from 1 for the first word of its list, the most frequent, to near 0 for the last.
    """

    hashes: NDArray[np.uint64]
    values: NDArray[np.float64]

    def value(self, hashes: NDArray[np.uint64]) -> NDArray[np.float64]:
        """The frequency value of each word; 0 for a word that is not listed."""
        at = find(self.hashes, hashes)
        return np.where(at < 0, 0.0, self.values[np.maximum(at, 0)])

    def has(self, hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Whether each word is listed."""
        return find(self.hashes, hashes) >= 0


def _word_list(words: list[str]) -> WordList:
    hashes = key_hashes(word.lower() for word in words)
    # Word frequency is a power of the rank (Zipf), so values fall with the log of the rank.
    values = 1 - np.log1p(np.arange(len(words))) / np.log(len(words) + 2)
    order = np.argsort(hashes, kind="stable")
    return WordList(hashes[order], values[order])


@cache
def everyday_words() -> WordList:
    """Words that are usually written in small letters."""
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
    """The articles, in small letters."""
    return frozenset(tables()["articles"])


@cache
def pronouns() -> Mapping[str, str]:
    """Third-person pronouns, each with its kind: "male", "female", "thing" or "several"."""
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
def either_words() -> WordList:
    """Words that are names, but are also frequent in small letters."""
    return _word_list(tables()["either"])
