"""Texts without case, all in small letters or all in capitals: they get the capitals that running text would have.

There capitals say nothing, so names are told from words by the graph and by lists of words (a truecaser in the sense of Lita,
Ittycheriah, Roukos and Kambhatla 2003, *tRuEcasIng*, ACL). The length is kept, so offsets are those of the original.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kptm.linking.build import function_word_hashes
from kptm.linking.forms import FIRST_PART, Kind
from kptm.linking.index import ALL_CAPITALS, SHORT
from kptm.linking.lexicon import either_words, everyday_words, given_names, surnames
from kptm.linking.passages import Passages
from kptm.linking.spotting import matches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kptm.linking.layers import Layers
    from kptm.linking.passages import Tokens

    Bools = NDArray[np.bool_]

LEAST = 20
"""Letters of a text from which on the lack of capitals means something: "iphone" alone is a name."""
WORDS = 4
"""Words from which on it does."""


def without_case(text: str) -> bool:
    """Whether a text is all in small letters or all in capitals, and long enough for that to mean something."""
    if text != text.lower() and text != text.upper():
        return False
    letters = sum(char.lower() != char.upper() for char in text)
    return letters >= LEAST and len(text.split()) >= WORDS


def recased(text: str, layers: Layers) -> str:
    """A text without case as one would write it: names with capitals, all else in small letters.

    Args:
        text: The text.
        layers: The names of the graph.
    """
    small = text.lower()
    if len(small) != len(text):  # "İ" alone becomes two characters
        return text
    passages = Passages([small])
    tokens = passages.tokens
    plain = _plain(tokens)
    capital = ~plain & (given_names().has(tokens.hash) | surnames().has(tokens.hash))
    upper = np.zeros(len(capital), np.bool_)
    done = np.zeros(len(capital), np.bool_)
    for first, stop, kept, short in _names(passages, layers):
        if done[first:stop].any():
            continue
        done[first:stop] = True
        name = not kept and not plain[first:stop].all()
        capital[first:stop] = name & ~np.isin(tokens.hash[first:stop], function_word_hashes())
        upper[first:stop] = name and short
    chars = list(small)
    for token in np.flatnonzero(capital | upper).tolist():
        _, start, end = passages.text_span(int(tokens.start[token]), int(tokens.end[token]))
        word = small[start:end]
        new = word.upper() if upper[token] else _capitalised(word)
        if len(new) == len(word):
            chars[start:end] = new
    return "".join(chars)


def _plain(tokens: Tokens) -> Bools:
    """Which tokens are words of everyday language."""
    common = everyday_words().has(tokens.hash) | either_words().has(tokens.hash)
    return common | np.isin(tokens.hash, function_word_hashes())


def _names(passages: Passages, layers: Layers) -> list[tuple[int, int, bool, bool]]:
    """Names of the graph, the longest first: first token, token behind, whether in small letters, whether in capitals."""
    tokens = passages.tokens
    spans = matches(passages, layers)
    entries = layers.entries(spans.hash)
    named = (entries.kind < FIRST_PART) | (entries.kind == Kind.PEOPLE)
    written = passages.written(spans.start, spans.end)[entries.of] == entries.exact
    short = (entries.case & (ALL_CAPITALS | SHORT)) == ALL_CAPITALS | SHORT
    size = len(spans.start)
    small, capitals, others, whole = (
        np.bincount(entries.of[which], minlength=size) > 0
        for which in (written & named, short & named, ~short & named, named)
    )
    capitals &= ~others
    first = np.searchsorted(tokens.start, spans.start)
    stop = np.searchsorted(tokens.start, spans.end)
    fits = (whole | (stop - first == 1)) & (stop > first)
    found = [
        (int(first[at]), int(stop[at]), bool(small[at]), bool(capitals[at]))
        for at in np.flatnonzero(fits).tolist()
    ]
    return sorted(found, key=lambda item: (item[0] - item[1], item[0]))


def _capitalised(word: str) -> str:
    """Each part of a word with a capital: "Jean-Paul", but "O'Neill" and "Wal-Mart" alike."""
    return "-".join(part[:1].upper() + part[1:] for part in word.split("-"))
