"""Truecasing: restores the case of texts that are all in lower case or all in capitals.

In such texts case does not distinguish names from words, so the graph and word lists do (Lita,
Ittycheriah, Roukos and Kambhatla 2003, *tRuEcasIng*, ACL). The length of the text is kept, so
offsets remain valid for the original.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kptm.linking.detection.lookup import matches
from kptm.linking.index.index_build import function_word_hashes
from kptm.linking.index.link_index import ALL_CAPITALS, SHORT
from kptm.linking.names.english_lexicon import (
    ambiguous_words,
    everyday_words,
    given_names,
    surnames,
)
from kptm.linking.names.surface_forms import FIRST_PART, ORGANISATION, PERSON, PLACE, Kind
from kptm.linking.text.passages import FoldedTexts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kptm.linking.index.overlay_index import Layers
    from kptm.linking.text.passages import Tokens

    Bools = NDArray[np.bool_]

MIN_LETTERS = 20
"""The minimum number of letters with case in a text that is recased: "iphone" alone is left as it
is."""
MIN_WORDS = 4
"""The minimum number of words of a text that is recased."""
MIN_COMMON_FREQUENCY = 0.25
"""Words of at least this frequency value ("house") stay in lower case although a name ends with
them."""


def without_case(text: str) -> bool:
    """Whether a text is all in lower case or all in capitals, and long enough to tell."""
    if text != text.lower() and text != text.upper():
        return False
    letters = sum(char.lower() != char.upper() for char in text)
    return letters >= MIN_LETTERS and len(text.split()) >= MIN_WORDS


class _Name(NamedTuple):
    """A span of tokens that is a name in the graph.

    Attributes:
        first: Its first token.
        stop: The token after it.
        small: Whether the graph writes it in lower case.
        short: Whether the graph has it only as a short name in capitals, "NASA".
        titled: Whether it names a person, place or organisation: titles of works consist of
            everyday words.
    """

    first: int
    stop: int
    small: bool
    short: bool
    titled: bool


def recase(text: str, layers: Layers) -> str:
    """Truecase a text: names get capitals, and all other words lower case.

    Args:
        text: The text, all in lower case or all in capitals.
        layers: The index of the graph.
    """
    small = text.lower()
    if len(small) != len(text):  # "İ" alone becomes two characters
        return text
    passages = FoldedTexts([small])
    tokens = passages.tokens
    capital, upper = _capitals(tokens, _names(passages, layers))
    chars = list(small)
    for token in np.flatnonzero(capital | upper).tolist():
        _, start, end = passages.text_span(int(tokens.start[token]), int(tokens.end[token]))
        word = small[start:end]
        new = word.upper() if upper[token] else _capitalise(word)
        if len(new) == len(word):
            chars[start:end] = new
    return "".join(chars)


def _capitals(tokens: Tokens, names: Sequence[_Name]) -> tuple[Bools, Bools]:
    """Masks over the T tokens: those that begin with a capital, and those all in capitals."""
    function = np.isin(tokens.hash, function_word_hashes())
    plain = _plain(tokens)
    capital = ~plain & (given_names().has(tokens.hash) | surnames().has(tokens.hash))
    upper, is_covered, fixed = (np.zeros(len(capital), np.bool_) for _ in range(3))
    last: list[int] = []
    for name in names:
        span = slice(name.first, name.stop)
        if is_covered[span].any():
            continue
        is_covered[span] = True
        several = int((~function[span]).sum()) > 1
        known = not name.small and (not plain[span].all() or (several and name.titled))
        fixed[span] = several or name.small
        capital[span] = known & ~function[span]
        upper[span] = known and name.short
        if known and several and name.titled:
            last.append(name.stop - 1)
    # "Ford" if the text has "Gerald Ford", but not "house" if it has "White House".
    again = np.isin(tokens.hash, tokens.hash[last]) & ~function
    capital |= again & ~fixed & (everyday_words().value(tokens.hash) < MIN_COMMON_FREQUENCY)
    return capital, upper


def _plain(tokens: Tokens) -> Bools:
    """The mask of tokens that are everyday words."""
    common = everyday_words().has(tokens.hash) | ambiguous_words().has(tokens.hash)
    return common | np.isin(tokens.hash, function_word_hashes())


def _names(passages: FoldedTexts, layers: Layers) -> list[_Name]:
    """Spans that are whole names or demonyms of the graph, the longest first."""
    tokens = passages.tokens
    spans = matches(passages, layers)
    entries = layers.entries(spans.hash)
    named = (entries.kind < FIRST_PART) | (entries.kind == Kind.PEOPLE)
    written = passages.exact_hashes(spans.start, spans.end)[entries.of] == entries.exact
    short = (entries.case & (ALL_CAPITALS | SHORT)) == ALL_CAPITALS | SHORT
    titled = (layers.classes(entries.entity) & (PERSON | PLACE | ORGANISATION)) != 0
    small, capitals, others, whole, known = (
        np.bincount(entries.of[mask & named], minlength=len(spans.start)) > 0
        for mask in (written, short, ~short, named, titled)
    )
    first = np.searchsorted(tokens.start, spans.start)
    stop = np.searchsorted(tokens.start, spans.end)
    whole_names = [
        _Name(
            int(first[span]), int(stop[span]), bool(small[span]),
            bool(capitals[span] & ~others[span]), bool(known[span]),
        )
        for span in np.flatnonzero(whole & (stop > first)).tolist()
    ]  # fmt: skip
    return sorted(whole_names, key=lambda name: (name.first - name.stop, name.first))


def _capitalise(word: str) -> str:
    """Capitalise each part of a hyphenated word: "Jean-Paul"."""
    return "-".join(part[:1].upper() + part[1:] for part in word.split("-"))
