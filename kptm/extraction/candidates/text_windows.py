"""Windows of a few sentences, with their words, offsets and sentence numbers."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.naming.folding import fold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kptm.extraction.candidates.text_mentions import TextMention

PREFIX_CHARACTERS = 6
"""Characters of a word's prefix, which most of its inflections share."""
MAX_SENTENCES = 6
"""The maximum number of sentences of a window; mentions further apart form no pair."""

_WORD = re.compile(r"\w+|[^\w\s]")
# A full stop after an initial, or before a small letter, does not end a sentence.
_END = re.compile(
    r"(?:(?<!\b\w)\.|[!?…])[\"'”’»)\]]*\s+(?![a-z])"
    r"|[。！？][」』）]*\s*|\n+"
)


@dataclass(frozen=True, slots=True)
class Placed:
    """A mention and its words in the window: those from ``start`` up to, but not with, ``stop``."""

    start: int
    stop: int
    mention: TextMention


@dataclass(frozen=True, slots=True)
class TextWindow:
    """A few sentences of a text, with T words.

    Attributes:
        text: The whole text.
        stems: The folded prefixes of the T words.
        starts: The offsets of the T words in the text.
        sentence: The sentence number of each of the T words.
        bounds: (start, end) of each sentence in the text, by its number.
        placed: The mentions in the order of the text.
    """

    text: str
    stems: list[str]
    starts: list[int]
    sentence: list[int]
    bounds: list[tuple[int, int]]
    placed: list[Placed]


def sentence_bounds(text: str, mentions: list[TextMention]) -> list[tuple[int, int]]:
    """(start, end) of each sentence of a text; a sentence does not end within a mention."""
    bounds = []
    start = 0
    spans = [(mention.start, mention.end) for mention in mentions]
    for match in _END.finditer(text):
        boundary = match.end()
        following = bisect_left(spans, (boundary, boundary))
        if following and spans[following - 1][1] > boundary:  # within the mention before
            continue
        bounds.append((start, boundary))
        start = boundary
    if start < len(text):
        bounds.append((start, len(text)))
    return bounds


def windows_of(text: str, mentions: list[TextMention]) -> Iterator[TextWindow]:
    """Cut a text into windows of at most :data:`MAX_SENTENCES` sentences.

    Args:
        text: The text.
        mentions: The mentions in the order of the text.
    """
    bounds = sentence_bounds(text, mentions)
    for i in range(0, len(bounds), MAX_SENTENCES):
        part = bounds[i : i + MAX_SENTENCES]
        start, end = part[0][0], part[-1][1]
        inside = [item for item in mentions if start <= item.start < end]
        if len(inside) > 1:
            yield _window(text, part, inside)


def _window(text: str, bounds: list[tuple[int, int]], mentions: list[TextMention]) -> TextWindow:
    start, end = bounds[0][0], bounds[-1][1]
    stems: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in _WORD.finditer(text, start, end):
        starts.append(match.start())
        ends.append(match.end())
        stems.append(fold(match[0])[:PREFIX_CHARACTERS])
    cuts = [last for _, last in bounds]
    sentence = [bisect_left(cuts, at + 1) for at in starts]
    placed = []
    for mention in mentions:
        start, stop = bisect_left(ends, mention.start + 1), bisect_left(starts, mention.end)
        if stop > start:
            placed.append(Placed(start, stop, mention))
    return TextWindow(text, stems, starts, sentence, bounds, placed)
