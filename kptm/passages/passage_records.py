"""Values that describe passages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class EntityLink(NamedTuple):
    """A span of a passage and an entity that it may name.

    Attributes:
        start: The offset of its first character in the passage.
        end: The offset after its last character.
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
        source: The source of the text.
        document: The absolute path of the file or folder of the text; "" for a text of no file.
        ordinal: The number of the passage in the document, from 0, when it was first indexed.
        links: The links, by position; a span may have several entities.
        score: The score in a search; 0 otherwise.
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
    """The numbers of passages that were written.

    Attributes:
        added: The number of passages that were added or restored.
        removed: The number of passages that the document no longer has.
        total: The number of passages that were read.
    """

    added: int = 0
    removed: int = 0
    total: int = 0

    def __bool__(self) -> bool:
        """Whether anything changed."""
        return bool(self.added or self.removed)
