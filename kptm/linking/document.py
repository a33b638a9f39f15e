"""What linking gives: a text and the spans in it that name entities."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kptm.errors import LinkingError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.types import Candidate


@dataclass(frozen=True, slots=True)
class Link:
    """One mention and the entity it means.

    Attributes:
        start: Offset of its first character in the text.
        end: Offset behind its last character.
        surface: ``text[start:end]``.
        entity: The entity's key.
        score: p(entity | mention, text), between 0 and 1.
        candidates: What else it might have meant, best first, with p.
    """

    start: int
    end: int
    surface: str
    entity: str
    score: float = 1.0
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class LinkedText:
    """A text with its links, sorted by position, never overlapping.

    Raises:
        LinkingError: A link lies outside the text, overlaps another or has the wrong surface.
    """

    text: str
    links: tuple[Link, ...] = field(default=())

    def __post_init__(self) -> None:
        position = 0
        for link in self.links:
            if not position <= link.start < link.end <= len(self.text):
                raise LinkingError(
                    f"the link {link.start}–{link.end} ({link.entity}) overlaps another, is empty or"
                    f" leaves the text of {len(self.text)} characters; give links by position,"
                    " one a place"
                )
            if self.text[link.start : link.end] != link.surface:
                raise LinkingError(
                    f"at {link.start} stands {self.text[link.start : link.end]!r}, not"
                    f" {link.surface!r}; links count characters of this very text"
                )
            position = link.end

    @classmethod
    def from_spans(cls, text: str, spans: Iterable[tuple[int, int, str]]) -> LinkedText:
        """A text with given links, as (start, end, entity key).

        Raises:
            LinkingError: The spans overlap or leave the text.
        """
        return cls(
            text,
            tuple(
                Link(start, end, text[start:end], entity) for start, end, entity in sorted(spans)
            ),
        )

    def entities(self) -> tuple[str, ...]:
        """The keys of the linked entities, each once, in order of appearance."""
        return tuple(dict.fromkeys(link.entity for link in self.links))

    def to_dict(self) -> dict[str, Any]:
        """A JSON value: text and links with offsets, keys and scores."""
        return {
            "text": self.text,
            "links": [
                {
                    "start": link.start,
                    "end": link.end,
                    "surface": link.surface,
                    "entity": link.entity,
                    "score": round(link.score, 4),
                }
                for link in self.links
            ],
        }
