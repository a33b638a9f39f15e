"""All errors that the graph raises.

    KGError
    ├── TripleFormatError      a line of a file that cannot be read
    ├── InvalidNameError       a key, label or alias that cannot be stored
    ├── UnknownKeyError        a key that the graph does not have
    ├── QueryError             a query that is malformed
    ├── StoreError             a database that cannot be opened, read or written
    │   └── StoreBusyError           a database that is locked or not reachable now
    └── EmbeddingError         embeddings that cannot be trained, read or used
        └── EmbeddingMismatchError   embeddings of another graph

No match is not an error: ``search`` and ``match`` return nothing then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


MAX_STORED_CHARACTERS = 100_000
"""The maximum number of characters of a line that an error stores, since a line may be a whole
file."""


class KGError(Exception):
    """The base of all errors of the graph; its message says where, what, and what to do."""


class TripleFormatError(KGError):
    """A file, or a line of it, does not have the format of its suffix.

    Attributes:
        path: The file.
        line: The line, counted from 1; None for the whole file.
        reason: The error in it.
        text: The beginning of the offending line.
    """

    def __init__(
        self, path: str | Path, line: int | None, reason: str, text: str | None = None
    ) -> None:
        self.path, self.line, self.reason = str(path), line, reason
        self.text = None if text is None else shorten(text, MAX_STORED_CHARACTERS)
        where = f"{path}, line {line}" if line is not None else str(path)
        shown = "" if text is None else f": {shorten(text)!r}"
        super().__init__(f"{where}: {reason}{shown}")


class InvalidNameError(KGError):
    """A key, label, alias or description that cannot be stored unchanged.

    Attributes:
        reason: The error in it.
        text: The beginning of the name, or None if there is none to show.
    """

    def __init__(self, reason: str, text: str | None = None) -> None:
        self.reason = reason
        self.text = None if text is None else shorten(text, MAX_STORED_CHARACTERS)
        super().__init__(reason if text is None else f"{reason}: {shorten(text)!r}")


class UnknownKeyError(KGError):
    """The graph has no entity or relation with this key."""


class QueryError(KGError):
    """A query that is malformed: a pattern, a variable, a path without an end."""


class StoreError(KGError):
    """The database is locked, read-only, missing, damaged, or not one of kptm."""


class StoreBusyError(StoreError):
    """The database is locked by another process, or cannot be reached at present.

    The same call may succeed later. If a lock was not given, nothing was written.
    """


class EmbeddingError(KGError):
    """Embeddings that cannot be trained, read or used."""


class EmbeddingMismatchError(EmbeddingError):
    """The embeddings were trained on another graph."""


def shorten(text: str, limit: int = 80) -> str:
    """Cut ``text`` for a message."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
