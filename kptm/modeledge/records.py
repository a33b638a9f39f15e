"""What goes into a store and comes out of it."""

from __future__ import annotations

from dataclasses import dataclass

SEPARATOR = "\x1f"
"""Stands before and after each key of ``context``, so that a search matches whole keys only."""

Fact = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Where a vector comes from.

    Attributes:
        kind: "cloze" (a blank in a text), "mention", "fact" (a blank in a triple's statement),
            "token" or "own".
        value: What the vector stands for: an entity's key, a token, or anything of one's own.
        context: Keys of the other entities of the text.
        text: The sentence, "" for vectors of one's own.
        start: Offset of the mention or blank in the text.
        end: Offset after it.
        triple: Head, relation and tail that the text states, where that is known.
    """

    kind: str
    value: str
    context: tuple[str, ...] = ()
    text: str = ""
    start: int = 0
    end: int = 0
    triple: Fact | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A search result: value, cosine similarity, provenance, and the id of the row."""

    value: str
    score: float
    record: Record
    id: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A record as the store has it.

    Attributes:
        id: The id of its row, which is never used again.
        record: Its provenance.
        sources: The sources that attest its text, sorted.
    """

    id: int
    record: Record
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFilter:
    """A filter on records; None filters nothing.

    Attributes:
        kind: As :attr:`Record.kind`.
        source: Records whose text this source attests.
        relation: Records that state a triple of this relation.
        value: As :attr:`Record.value`.
        operation: Records that were live after this operation.
    """

    kind: str | None = None
    source: str | None = None
    relation: str | None = None
    value: str | None = None
    operation: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left out."""
        return self == RecordFilter()


def escape_key(key: str) -> str:
    """A key as it stands in ``context``; one that holds the separator is escaped."""
    inside = key.replace("%", "%25").replace(SEPARATOR, "%1F")
    return SEPARATOR + inside + SEPARATOR


def encode_context(keys: tuple[str, ...]) -> str:
    """Join keys to a stored ``context``."""
    return "".join(map(escape_key, keys))


def decode_context(text: str) -> tuple[str, ...]:
    """Split a stored ``context`` into its keys."""
    if not text:
        return ()
    inside = text[1:-1].split(SEPARATOR * 2)
    return tuple(key.replace("%1F", SEPARATOR).replace("%25", "%") for key in inside)
