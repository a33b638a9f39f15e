"""Which names the store takes. Whatever it takes comes out unchanged."""

from __future__ import annotations

from kg.errors import InvalidNameError, shorten

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
        raise InvalidNameError(f"{what} must be text, not {type(text).__name__}: {text!r:.60}")
    if not text and not may_be_empty:
        raise InvalidNameError(f"{what} is empty: give it a name")
    if len(text) > MAX_NAME:
        raise InvalidNameError(f"{what} has {len(text):,} characters, at most {MAX_NAME:,} are kept")
    if "\0" in text:
        raise InvalidNameError(f"{what} holds a NUL character: {shorten(text)!r}")
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise InvalidNameError(f"{what} holds a lone surrogate: {shorten(text)!r}") from error
    return text
