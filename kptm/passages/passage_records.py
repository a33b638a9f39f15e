"""Values that describe passages."""

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
        id: The id of its row, which is never used again.
        text: The sentences.
        source: Their source.
        document: The file or folder that they come from, as an absolute path; "" for texts of no
            file.
        ordinal: Its place in the document, from 0.
        links: Its links, by position; a span may have several entities.
        score: Its score in a search; 0 without one.
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
    """What indexing changed.

    Attributes:
        added: Passages that were added or restored.
        removed: Passages that the document no longer has.
        total: Passages that were read.
    """

    added: int = 0
    removed: int = 0
    total: int = 0

    def __bool__(self) -> bool:
        """Whether anything changed."""
        return bool(self.added or self.removed)
