"""A passage as the reader sees it: its words, and the mentions of topics and candidates."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.values import ValueKey
from kptm.linking.text.char_classes import fold
from kptm.passages.text_spans import TextSpan, name_spans, value_spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.types import Literal
    from kptm.passages.passage_records import Passage

STEM = 6
"""How many leading characters of a word are compared, as its inflected forms share them."""
SENSES, SHARE = 3, 0.1
"""The most senses of a mention, and their least probability relative to the best sense's."""

_WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class MentionSense:
    """A possible sense of a mention: a node (a key, a value, or a name in the text), with its p."""

    node: str
    p: float


@dataclass(frozen=True, slots=True)
class PassageMention:
    """A span of a passage, from word ``first`` to before word ``last``.

    Attributes:
        start: Its first character.
        end: The character after its last one.
        first: Its first word.
        last: The word after its last one.
        kind: "entity", "value" or "name".
        senses: Its senses, best first.
        literals: All values that its text may stand for.
    """

    start: int
    end: int
    first: int
    last: int
    kind: str
    senses: tuple[MentionSense, ...]
    literals: tuple[Literal, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadPassage:
    """A passage with its words and mentions.

    Attributes:
        passage: The stored passage.
        stems: The folded prefixes of its words.
        mentions: Its mentions in order; only values and entities of the same span overlap.
        alphabetic: Its words without punctuation, each once, in order.
    """

    passage: Passage
    stems: list[str]
    mentions: list[PassageMention]
    alphabetic: tuple[str, ...]


def read(passage: Passage) -> ReadPassage:
    """Find the words and mentions of a passage."""
    found = [(match.start(), match.end()) for match in _WORD.finditer(passage.text)]
    folded = fold(passage.text)
    stems = [folded[start : min(end, start + STEM)] for start, end in found]
    starts, ends = [start for start, _ in found], [end for _, end in found]
    mentions = []
    for start, end, kind, senses, literals in sorted(
        _name_mentions(passage), key=lambda item: item[:2]
    ):
        first, last = bisect_right(ends, start), bisect_left(starts, end)
        if last > first:
            mentions.append(PassageMention(start, end, first, last, kind, senses, literals))
    alphabetic = tuple(dict.fromkeys(stem for stem in stems if stem.isalpha()))
    return ReadPassage(passage, stems, mentions, alphabetic)


_Named = tuple[int, int, str, tuple[MentionSense, ...], tuple["Literal", ...]]


def _name_mentions(passage: Passage) -> list[_Named]:
    spans: dict[tuple[int, int], list[MentionSense]] = {}
    for link in passage.links:
        spans.setdefault((link.start, link.end), []).append(MentionSense(link.entity, link.p))
    found: list[_Named] = [
        (start, end, "entity", _likely(senses), ()) for (start, end), senses in spans.items()
    ]
    for value in value_spans(passage.text):
        node = MentionSense(ValueKey(value.literals[0]), 1.0)
        found.append((value.start, value.end, "value", (node,), value.literals))
    taken = [(item[0], item[1]) for item in found]
    for start, end in name_spans(passage.text, taken):
        found.append((start, end, "name", (name_sense(passage.text[start:end]),), ()))
    return found


def name_sense(text: str) -> MentionSense:
    """A name that no entity of the graph has."""
    from kg.types import Literal

    return MentionSense(TextSpan(Literal(text)), 1.0)


def _likely(senses: Sequence[MentionSense]) -> tuple[MentionSense, ...]:
    ordered = sorted(senses, key=lambda item: (-item.p, item.node))
    return tuple(item for item in ordered[:SENSES] if item.p >= SHARE * ordered[0].p)
