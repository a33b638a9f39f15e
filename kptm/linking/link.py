"""A link of a text: a mention and the entity that it refers to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from kg.types import Candidate


@dataclass(frozen=True, slots=True)
class Link:
    """A mention and the entity that it refers to.

    Attributes:
        start: The offset of the mention's first character in the text.
        end: The offset after its last character.
        surface: The surface form, ``text[start:end]``.
        entity: The entity's key.
        score: p(entity | mention, text), between 0 and 1.
        candidates: The best candidates of the mention with their p, best first.
        coreference: Whether the mention is a pronoun or a description ("the company") that refers
            back to a name.
    """

    start: int
    end: int
    surface: str
    entity: str
    score: float = 1.0
    candidates: tuple[Candidate, ...] = ()
    coreference: bool = False


class TextWithLinks(Protocol):
    """A text and its links: the protocol that the exports need."""

    @property
    def text(self) -> str:
        """The text."""

    @property
    def links(self) -> tuple[Link, ...]:
        """The links, sorted by position, without overlaps."""
