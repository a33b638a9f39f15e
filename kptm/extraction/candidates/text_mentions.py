"""Mentions of a text: entities of the graph, values, and names that the graph lacks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kg.naming.folding import fold
from kptm.extraction.candidates.new_names import new_names
from kptm.extraction.candidates.text_values import value_spans

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.types import Literal
    from kptm.linking import LinkedText


class MentionKind(StrEnum):
    """Kinds of mentions: an entity, a value, or a new name, which the graph lacks."""

    ENTITY = "entity"
    VALUE = "value"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class TextMention:
    """A mention: a span of a text that names an entity or a value.

    Attributes:
        start: The offset of its first character.
        end: The offset after its last character.
        kind: The kind of mention.
        key: The entity's key, the text of the value, or the new name.
        value: The value, or None.
        surface: The text of the span.
        score: The probability that the span names this entity or value.
    """

    start: int
    end: int
    kind: MentionKind
    key: str
    surface: str
    value: Literal | None = None
    score: float = 1.0

    @property
    def node(self) -> tuple[str, str]:
        """The identity of the entity or value: its kind, and its key or folded text."""
        name = self.key if self.kind == MentionKind.ENTITY else fold(self.key)
        return str(self.kind), name


def mentions_of(document: LinkedText, *, names: bool = True) -> list[TextMention]:
    """The mentions of a linked text in order, without overlaps.

    A value wins over links inside it: "January 2014" does not mention an entity called 2014.

    Args:
        document: The text with its links.
        names: Whether new names are mentions too.
    """
    links = [
        TextMention(
            span.start, span.end, MentionKind.ENTITY, span.entity, span.surface, score=span.score
        )
        for span in document.links
    ]
    values = [
        TextMention(span.start, span.end, MentionKind.VALUE, span.literal.value,
        document.text[span.start : span.end], span.literal)
        for span in value_spans(document.text)
    ]  # fmt: skip
    mentions = _without_overlaps(links, values)
    if names:
        mentioned = [(mention.start, mention.end) for mention in mentions]
        mentions += [
            TextMention(start, end, MentionKind.NAME, name, name)
            for start, end, name in new_names(document.text, mentioned)
        ]
    return sorted(mentions, key=lambda mention: mention.start)


def _without_overlaps(links: list[TextMention], values: Iterable[TextMention]) -> list[TextMention]:
    """Links and values; the longer one wins an overlap, and the link wins a tie."""
    mentions = sorted(links, key=lambda item: item.start)
    for value in values:
        others = [item for item in mentions if item.start < value.end and value.start < item.end]
        if all(item.end - item.start < value.end - value.start for item in others):
            mentions = [item for item in mentions if item not in others]
            mentions.append(value)
    return mentions
