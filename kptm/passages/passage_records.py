"""What passages are to those who read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class EntityLink(NamedTuple):
    """A span of a passage and an entity that it may name.

    Attributes:
        start: The offset of its first character in the passage.
        end: The offset after its last one.
        entity: The entity's key.
        p: The probability that the span names this entity.
    """

    start: int
    end: int
    entity: str
    p: float


@dataclass(frozen=True, slots=True)
class Passage:
    """A few sentences of an indexed text.

    Attributes:
        id: Its row, which no other passage ever has.
        text: The sentences.
        source: Who says them.
        document: The file or folder that they come from, as an absolute path; "" for texts of no
            file.
        ordinal: Its place in the document, from 0.
        links: What it may link to, by their place; a span may have several entities.
        score: How well it fits a search; 0 where none was made.
    """

    id: int
    text: str
    source: str
    document: str
    ordinal: int
    links: tuple[EntityLink, ...] = ()
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Written:
    """What an indexing changed.

    Attributes:
        added: Passages that came, or came back.
        removed: Passages that the document no longer has.
        total: Passages that were read.
    """

    added: int = 0
    removed: int = 0
    total: int = 0

    def __bool__(self) -> bool:
        """Whether anything changed."""
        return bool(self.added or self.removed)
