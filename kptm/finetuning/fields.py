"""Reads and checks the fields of a row: marked mentions, labels, and labelled spans."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from kg.errors import shorten

if TYPE_CHECKING:
    from collections.abc import Callable

    Names = Mapping[str, Callable[[int], str]]

MARKS = {"relation": ("head", "tail"), "typing": ("span",), "tokens": (), "text": ()}
"""The fields that mark a mention, by task."""


class FieldError(Exception):
    """A field is missing or malformed; the caller adds the line's number."""


def read_marks(values: Mapping[str, Any], task: str, length: int) -> tuple[tuple[int, int], ...]:
    """The start and end offsets of the marked mentions, in characters.

    Raises:
        FieldError: A mention is missing or lies outside the text.
    """
    return tuple(_span(values.get(name), f'"{name}"', length) for name in MARKS[task])


def read_labels(values: Mapping[str, Any], task: str, names: Names) -> tuple[str, ...]:
    """The gold labels: one, for "typing" any number, for "tokens" none.

    Raises:
        FieldError: A label is missing or is not text.
    """
    if task == "tokens":
        return ()
    if task != "typing":
        return (_label(values.get("label"), '"label"', names.get("label")),)
    labels = values.get("labels")
    if not isinstance(labels, list | tuple):
        raise FieldError(f'"labels" must be a list of labels, {_describe_value(labels)}')
    return tuple(dict.fromkeys(_label(item, 'each of "labels"', None) for item in labels))


def read_tagged(
    values: Mapping[str, Any], task: str, length: int
) -> tuple[tuple[int, int, str], ...]:
    """The gold spans of "tokens" (start, end, label), ordered by position.

    Raises:
        FieldError: The spans are missing, overlap, or lie outside the text.
    """
    if task != "tokens":
        return ()
    read: list[tuple[int, int, str]] = []
    for item in records_of(values.get("spans"), "spans"):
        parts = item
        if isinstance(item, Mapping):
            parts = [item.get(name) for name in ("start", "end", "label")]
        if not isinstance(parts, list | tuple) or len(parts) != 3:
            raise FieldError(
                f'each of "spans" must be [start, end, label], {_describe_value(item)}'
            )
        start, end = _span(parts[:2], 'each of "spans"', length)
        read.append((start, end, _label(parts[2], 'the label of each of "spans"', None)))
    read.sort()
    for (_, end, _), (start, _, label) in pairwise(read):
        if start < end:
            raise FieldError(
                f'"spans" overlap at {start} ({label}); a character has at most one label'
            )
    return tuple(read)


def records_of(value: Any, name: str) -> list[Any]:
    """A field's list of objects, which ``datasets`` may store as an object of lists.

    Raises:
        FieldError: The value is neither.
    """
    if isinstance(value, Mapping) and all(
        isinstance(part, list | tuple) for part in value.values()
    ):
        try:
            rows = list(zip(*value.values(), strict=True))
        except ValueError as error:
            raise FieldError(f'the lists in "{name}" are not of one length') from error
        return [dict(zip(value, row, strict=True)) for row in rows]
    if not isinstance(value, list | tuple):
        raise FieldError(f'"{name}" must be a list, {_describe_value(value)}')
    return list(value)


def _span(value: Any, field: str, length: int) -> tuple[int, int]:
    if isinstance(value, list | tuple) and len(value) == 2:
        start, end = value
        if type(start) is int and type(end) is int and 0 <= start < end <= length:
            return start, end
    raise FieldError(
        f"{field} must be [start, end], characters of the text with 0 ≤ start < end ≤ {length},"
        f" {_describe_value(value)}"
    )


def _label(value: Any, field: str, name: Callable[[int], str] | None) -> str:
    if type(value) is int and name is not None:
        value = name(value)
    if not isinstance(value, str) or not value:
        raise FieldError(f"{field} must be text, {_describe_value(value)}")
    return value


def _describe_value(value: Any) -> str:
    return "but is missing" if value is None else f"not {shorten(repr(value))}"
