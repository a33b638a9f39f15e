"""Rows of JSON Lines or of a dataset, checked and linked: what a task learns from or is asked."""

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
"""Where a row stands that comes from no file."""

Rows: TypeAlias = "str | Path | Iterable[Mapping[str, Any] | str | LinkedText]"
"""A file of JSON Lines, or rows: mappings as in such a file, a ``datasets.Dataset``, texts."""


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A text and what a task marks in it; places are character offsets.

    Attributes:
        document: The text with its links.
        marks: The mentions that are classified: head and tail for "relation", one for "typing".
        labels: What is right: one label for "relation" and "text", any number for "typing".
        spans: What is right for "tokens": start, end, label, by position.
        number: The row's line in its file, or its place among the rows that were given, from 1.
    """

    document: LinkedText
    marks: tuple[tuple[int, int], ...] = ()
    labels: tuple[str, ...] = ()
    spans: tuple[tuple[int, int, str], ...] = ()
    number: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class _Found:
    """A row as given: a file or :data:`MEMORY`, a line, how it is written, its values."""

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
        source: Where they are.
        task: Which fields they must have.
        gold: Whether they say what is right.
        linker: Links the texts of rows that have no ``links``; without one those have none.

    Raises:
        TripleFormatError: A row lacks a field, or one does not fit its text; it says which and
            where.
    """
    names = _class_names(source)
    rows: list[TaskRow] = []
    unlinked: list[int] = []
    for found in _read_rows(source):
        document, linked = _document(found)
        if not linked:
            unlinked.append(len(rows))
        try:
            marks = read_marks(found.values, task, len(document.text))
            labels = read_labels(found.values, task, names) if gold else ()
            spans = read_tagged(found.values, task, len(document.text)) if gold else ()
        except FieldError as error:
            found.refuse(str(error))
        rows.append(TaskRow(document, marks, labels, spans, found.line))
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


def _document(found: _Found) -> tuple[LinkedText, bool]:
    """The text of a row, and whether it says its links itself."""
    text = found.values.get("text")
    if isinstance(text, LinkedText):
        return text, True
    if not isinstance(text, str):
        found.refuse('"text" must be text; write {"text": "…"}')
    links = found.values.get("links")
    if links is None:
        return LinkedText(text), False
    try:
        given = sorted(records_of(links, "links"), key=_start)
        return LinkedText.from_dict({"text": text, "links": given}), True
    except (FieldError, LinkingError) as error:
        found.refuse(str(error))


def _start(link: Any) -> int:
    start = link.get("start") if isinstance(link, Mapping) else None
    return start if isinstance(start, int) else -1


def _class_names(source: Any) -> dict[str, Callable[[int], str]]:
    """How a ``datasets.Dataset`` calls the numbers in its columns of classes."""
    features = getattr(source, "features", None)
    if not isinstance(features, Mapping):
        return {}
    named = ((column, getattr(kind, "int2str", None)) for column, kind in features.items())
    return {column: name for column, name in named if name is not None}
