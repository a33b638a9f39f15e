"""Checks which names can be stored unchanged."""

from __future__ import annotations

import math

from kg.errors import InvalidNameError
from kg.types import Attribute, EntityRecord, Literal, Record, Statement, Triple

MAX_NAME_CHARACTERS = 4_000_000
"""The maximum number of characters; a longer "name" is a file read in the wrong format."""

MAX_PRIOR = 1e15
"""The maximum of a prior, to which larger ones are cut: sums of them overflow in the linker."""

MAX_KEY_BYTES = 2_500
"""The maximum number of bytes of a key, by the limit of PostgreSQL's indexes; labels may be
longer."""


def checked_name(text: object, what: str, *, may_be_empty: bool = False) -> str:
    """Return ``text`` if it can be stored unchanged.

    Args:
        text: The name.
        what: The kind of name, for the message ("key", "alias").
        may_be_empty: Whether "" is allowed.

    Raises:
        InvalidNameError: The name is not a string, is empty, has over 4 million characters, or
            contains NUL (not storable in PostgreSQL) or a lone surrogate (not encodable).
    """
    if not isinstance(text, str):
        raise InvalidNameError(f"{what} must be text, not {type(text).__name__}", repr(text))
    if not text and not may_be_empty:
        raise InvalidNameError(f"{what} is empty: give it a name")
    if len(text) > MAX_NAME_CHARACTERS:
        reason = (
            f"{what} has {len(text):,} characters, but at most {MAX_NAME_CHARACTERS:,} are allowed"
        )
        raise InvalidNameError(reason, text)
    if "\0" in text:
        raise InvalidNameError(f"{what} holds a NUL character", text)
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise InvalidNameError(f"{what} holds a lone surrogate", text) from error
    return text


def checked_key(text: object, what: str) -> str:
    """Return ``text`` if it can be the key of an entity or a relation.

    Raises:
        InvalidNameError: As for :func:`checked_name`, or it is longer than a key may be.
    """
    key = checked_name(text, what)
    # A character has at most four bytes, so that only long keys must be encoded to be measured.
    if len(key) > MAX_KEY_BYTES // 4 and len(key.encode()) > MAX_KEY_BYTES:
        reason = f"{what} has {len(key.encode()):,} bytes, but a key has at most {MAX_KEY_BYTES:,}"
        raise InvalidNameError(reason, key)
    return key


def as_record(item: Record | tuple[str, str, str]) -> Record:
    """Return a record unchanged, and three names as a triple.

    Raises:
        InvalidNameError: The item is neither.
    """
    if isinstance(item, Triple | Attribute | Statement | EntityRecord):
        return item
    try:
        head, relation, tail = item
    except (TypeError, ValueError) as error:
        reason = "expected a record or three names (head, relation, tail)"
        raise InvalidNameError(reason, repr(item)) from error
    return Triple(head, relation, tail)


def checked_record(record: Record) -> Record:
    """Return ``record`` if every part of it can be stored.

    Raises:
        InvalidNameError: A name is invalid, or a number is out of its range.
    """
    if isinstance(record, EntityRecord):
        _check_entity(record)
    elif isinstance(record, Statement):
        _check_statement(record)
    else:
        _check_fact(record)
    return record


def _check_fact(fact: Triple | Attribute) -> None:
    checked_key(fact[0], "head")
    checked_key(fact[1], "relation")
    if isinstance(fact, Attribute):
        _check_literal(fact.value)
    else:
        checked_key(fact[2], "tail")


def _check_literal(literal: object) -> None:
    if not isinstance(literal, Literal):
        raise InvalidNameError("an attribute's value must be a Literal", repr(literal))
    for part in (literal.value, literal.datatype, literal.language, literal.unit):
        checked_name(part, "value", may_be_empty=True)
    if literal.language and literal.datatype:
        reason = f"a value is text in a language or has a datatype, not both ({literal.datatype})"
        raise InvalidNameError(reason, literal.value)


def _check_statement(statement: Statement) -> None:
    _check_fact(statement.fact)
    confidence = statement.confidence
    if confidence is not None and not 0 <= confidence <= 1:
        raise InvalidNameError(f"confidence must lie between 0 and 1, not {confidence}")
    if statement.source is not None:
        checked_key(statement.source, "source")
    if statement.span is not None and not 0 <= statement.span[0] <= statement.span[1] < 2**31:
        raise InvalidNameError(f"span must be (start, end), not {statement.span}")
    for relation, value in statement.qualifiers:
        checked_key(relation, "qualifier")
        if isinstance(value, Literal):
            _check_literal(value)
        else:
            checked_key(value, "qualifier's value")


def _check_entity(record: EntityRecord) -> None:
    checked_key(record.key, "key")
    if record.label is not None:
        checked_name(record.label, "label")
    if record.description is not None:
        checked_name(record.description, "description", may_be_empty=True)
    for what, names in (("alias", record.aliases), ("type", record.types)):
        for name in names:
            checked_name(name, what)
    if record.prior is not None and not 0 <= record.prior < math.inf:
        raise InvalidNameError(f"prior must be a number of at least 0, not {record.prior}")


def printable(text: str) -> str:
    """The text with escapes for characters that cannot be encoded, for notes on a revision."""
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")
