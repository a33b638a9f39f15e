"""Which names the store takes. Whatever it takes comes out unchanged."""

from __future__ import annotations

import math

from kg.errors import InvalidNameError
from kg.types import EntityRecord, Triple

MAX_NAME = 4_000_000
"""Characters; a longer "name" is a file read in the wrong format."""


def checked_name(text: object, what: str, *, may_be_empty: bool = False) -> str:
    """Return ``text`` if the store can keep it and give it back unchanged.

    Args:
        text: The name.
        what: What it is, for the message ("key", "alias").
        may_be_empty: Whether "" is allowed.

    Raises:
        InvalidNameError: Not a string; empty; over 4 million characters; holds NUL (PostgreSQL
            cannot keep it) or a lone surrogate (no encoding can).
    """
    if not isinstance(text, str):
        raise InvalidNameError(f"{what} must be text, not {type(text).__name__}", repr(text))
    if not text and not may_be_empty:
        raise InvalidNameError(f"{what} is empty: give it a name")
    if len(text) > MAX_NAME:
        reason = f"{what} has {len(text):,} characters, at most {MAX_NAME:,} are kept"
        raise InvalidNameError(reason, text)
    if "\0" in text:
        raise InvalidNameError(f"{what} holds a NUL character", text)
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise InvalidNameError(f"{what} holds a lone surrogate", text) from error
    return text


def checked_record(record: Triple | EntityRecord) -> Triple | EntityRecord:
    """Return ``record`` if the store can keep every part of it.

    Raises:
        InvalidNameError: One of its names is refused, or its prior is not a number of at least 0.
    """
    if isinstance(record, Triple):
        for part, what in zip(record, ("head", "relation", "tail"), strict=True):
            checked_name(part, what)
        return record
    checked_name(record.key, "key")
    if record.label is not None:
        checked_name(record.label, "label")
    if record.description is not None:
        checked_name(record.description, "description", may_be_empty=True)
    for what, names in (("alias", record.aliases), ("type", record.types)):
        for name in names:
            checked_name(name, what)
    if record.prior is not None and not 0 <= record.prior < math.inf:
        raise InvalidNameError(f"prior must be a number of at least 0, not {record.prior}")
    return record


def printable(text: str) -> str:
    """``text`` with what no encoding can keep written as escapes, for notes on a revision."""
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")
