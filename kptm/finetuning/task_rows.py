"""Reads, checks and links the rows of a task, from JSON Lines, a dataset or memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from kg.errors import TripleFormatError
from kptm.errors import LinkingError
from kptm.finetuning.fields import FieldError, read_labels, read_marks, read_tagged, records_of
from kptm.linking import LinkedText
from kptm.texts import read_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kptm.linking import Linker

MEMORY = "the rows given"
"""The name for errors of a source that is not a file."""

Rows: TypeAlias = "str | Path | Iterable[Mapping[str, Any] | str | LinkedText]"
"""A file of JSON Lines, or rows: mappings as in such a file, a ``datasets.Dataset``, texts."""


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A text with the mentions and gold labels of a task; offsets are in characters.

    Attributes:
        document: The text with its links.
        marks: The start and end of the mentions to classify: head and tail for "relation", one for
            "typing".
        labels: The gold labels: one for "relation" and "text", any number for "typing".
        spans: The gold spans of "tokens": start, end and label, ordered by position.
        number: The number of the row's line in its file, or its number among the given rows,
            from 1.
    """

    document: LinkedText
    marks: tuple[tuple[int, int], ...] = ()
    labels: tuple[str, ...] = ()
    spans: tuple[tuple[int, int, str], ...] = ()
    number: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class _Found:
    """An unchecked row: its file or :data:`MEMORY`, its line, its text there, and its values."""

    path: str | Path
    line: int
    raw: str
    values: Mapping[str, Any]

    def refuse(self, reason: str) -> NoReturn:
        raise TripleFormatError(self.path, self.line, reason, self.raw)


def read_rows(
    source: Rows, task: str, *, gold: bool, linker: Linker | None = None
) -> list[TaskRow]:
    """Read and check all rows.

    Args:
        source: The rows, or their file.
        task: The task, which decides the fields that rows must have.
        gold: Whether rows must have gold labels.
        linker: A linker for the texts of rows without ``links``; None leaves them without links.

    Raises:
        TripleFormatError: A field of a row is missing or malformed; the message names both.
    """
    names = _class_names(source)
    rows: list[TaskRow] = []
    unlinked: list[int] = []
    for row in _read_rows(source):
        document, linked = _document(row)
        if not linked:
            unlinked.append(len(rows))
        try:
            marks = read_marks(row.values, task, len(document.text))
            labels = read_labels(row.values, task, names) if gold else ()
            spans = read_tagged(row.values, task, len(document.text)) if gold else ()
        except FieldError as error:
            row.refuse(str(error))
        rows.append(TaskRow(document, marks, labels, spans, row.line))
    if linker is not None and unlinked:
        texts = (rows[number].document.text for number in unlinked)
        for number, document in zip(unlinked, linker.link_many(texts), strict=True):
            rows[number] = replace(rows[number], document=document)
    return rows


def _read_rows(source: Rows) -> Iterator[_Found]:
    if isinstance(source, str | Path):
        for record in read_records(source):
            yield _Found(record.path, record.line, record.raw, record.values)
        return
    for number, item in enumerate(source, 1):
        values = item
        if isinstance(item, str | LinkedText):
            values = {"text": item}
        if not isinstance(values, Mapping):
            raise TripleFormatError(MEMORY, number, "a row is a mapping or a text", repr(item))
        yield _Found(MEMORY, number, repr(item), values)


def _document(row: _Found) -> tuple[LinkedText, bool]:
    """The text of a row, and whether the row has its own links."""
    text = row.values.get("text")
    if isinstance(text, LinkedText):
        return text, True
    if not isinstance(text, str):
        row.refuse('"text" must be text; write {"text": "…"}')
    links = row.values.get("links")
    if links is None:
        return LinkedText(text), False
    try:
        sorted_links = sorted(records_of(links, "links"), key=_start)
        return LinkedText.from_dict({"text": text, "links": sorted_links}), True
    except (FieldError, LinkingError) as error:
        row.refuse(str(error))


def _start(link: Any) -> int:
    start = link.get("start") if isinstance(link, Mapping) else None
    return start if isinstance(start, int) else -1


def _class_names(source: Any) -> dict[str, Callable[[int], str]]:
    """The class names of the ``ClassLabel`` columns of a ``datasets.Dataset``, by column."""
    features = getattr(source, "features", None)
    if not isinstance(features, Mapping):
        return {}
    named = ((column, getattr(kind, "int2str", None)) for column, kind in features.items())
    return {column: name for column, name in named if name is not None}
