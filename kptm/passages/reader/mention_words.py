"""Prepares a passage for the reader: its words, and the mentions of topics and candidates."""

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

PREFIX_CHARACTERS = 6
"""The number of leading characters of a word that are compared; inflected forms share them."""
MAX_SENSES, MIN_SHARE_OF_BEST = 3, 0.1
"""The maximum number of senses of a mention, and their minimum p as a share of the best
sense's."""

_WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class MentionSense:
    """A possible sense of a mention.

    Attributes:
        node: The key of an entity, a value, or a name in the text.
        p: The probability of this sense.
    """

    node: str
    p: float


@dataclass(frozen=True, slots=True)
class PassageMention:
    """A mention in a passage.

    Attributes:
        start: The offset of its first character.
        end: The offset after its last character.
        first: The number of its first word.
        last: The number after its last word.
        kind: "entity", "value" or "name".
        senses: The possible senses, best first.
        literals: All values that the text may denote.
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
        stems: The folded prefixes of the words.
        mentions: The mentions in order; only values and entities with the same span overlap.
        alphabetic: The stems of letters only, each once, in order.
    """

    passage: Passage
    stems: list[str]
    mentions: list[PassageMention]
    alphabetic: tuple[str, ...]


def read(passage: Passage) -> ReadPassage:
    """Find the words and mentions of a passage."""
    spans = [(match.start(), match.end()) for match in _WORD.finditer(passage.text)]
    folded = fold(passage.text)
    stems = [folded[start : min(end, start + PREFIX_CHARACTERS)] for start, end in spans]
    starts, ends = [start for start, _ in spans], [end for _, end in spans]
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
    mentions: list[_Named] = [
        (start, end, "entity", _likely(senses), ()) for (start, end), senses in spans.items()
    ]
    for value in value_spans(passage.text):
        node = MentionSense(ValueKey(value.literals[0]), 1.0)
        mentions.append((value.start, value.end, "value", (node,), value.literals))
    mentioned = [(item[0], item[1]) for item in mentions]
    for start, end in name_spans(passage.text, mentioned):
        mentions.append((start, end, "name", (name_sense(passage.text[start:end]),), ()))
    return mentions


def name_sense(text: str) -> MentionSense:
    """The sense of a name that no entity of the graph has."""
    from kg.types import Literal

    return MentionSense(TextSpan(Literal(text)), 1.0)


def _likely(senses: Sequence[MentionSense]) -> tuple[MentionSense, ...]:
    """The most probable senses, best first."""
    ordered = sorted(senses, key=lambda item: (-item.p, item.node))
    return tuple(
        item for item in ordered[:MAX_SENSES] if item.p >= MIN_SHARE_OF_BEST * ordered[0].p
    )
