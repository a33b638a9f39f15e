"""One link of a text: a mention and the entity that it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from kg.types import Candidate


@dataclass(frozen=True, slots=True)
class Link:
    """One mention and the entity it means.

    Attributes:
        start: Offset of its first character in the text.
        end: Offset after its last character.
        surface: ``text[start:end]``.
        entity: The entity's key.
        score: p(entity | mention, text), between 0 and 1.
        candidates: What else it might have meant, best first, with p.
        coreference: Whether it is a pronoun or a description ("the company") that refers back to a
            name.
    """

    start: int
    end: int
    surface: str
    entity: str
    score: float = 1.0
    candidates: tuple[Candidate, ...] = ()
    coreference: bool = False


class TextWithLinks(Protocol):
    """A text and its links by position: what an export needs of a linked text."""

    @property
    def text(self) -> str:
        """The text."""

    @property
    def links(self) -> tuple[Link, ...]:
        """Its links, sorted by position, never overlapping."""
