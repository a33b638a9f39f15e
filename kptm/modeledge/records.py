"""The records of a store, search results, and filters."""

from __future__ import annotations

from dataclasses import dataclass

SEPARATOR = "\x1f"
"""Written before and after each key of ``context``, so that a search matches whole keys only."""

Fact = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The provenance of a vector.

    Attributes:
        kind: "cloze" (a blank in a text), "mention", "fact" (a blank in the statement of a triple),
            "token", or "own" for a user's own vector.
        value: The value of the vector: an entity's key, a token, or any text of the user's.
        context: The keys of the other entities of the text.
        text: The sentence; "" for a user's own vector.
        start: Offset of the mention or blank in the text.
        end: Offset after it.
        triple: Head, relation and tail that the text states, if known.
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
        id: The id of the row, which is never used again.
        record: The provenance of the vector.
        sources: The sources that attest the text, sorted.
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
        """Whether the filter lets all records pass."""
        return self == RecordFilter()


def escape_key(key: str) -> str:
    """A key as it is written in ``context``; a separator within the key is escaped."""
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
