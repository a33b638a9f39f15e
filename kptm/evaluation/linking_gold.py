"""Gold documents: texts in which people have annotated mentions with their entities."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.errors import TripleFormatError
from kg.formats.files import open_bytes
from kg.formats.text.delimited import tsv_rows
from kptm.errors import LinkingError
from kptm.examples.world_reader import parse_marked
from kptm.texts import read_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from kptm.linking import LinkedText

GoldSpan = tuple[int, int, str | None]
"""Start, end, and the key of the entity; None for something outside the graph (NIL)."""


@dataclass(frozen=True, slots=True)
class GoldDocument:
    """A text with annotated mentions, which may be nested and may overlap.

    Attributes:
        text: The text.
        spans: The mentions, as (start, end, key or None), in characters.
        evaluation_span: The annotated part, as (start, end); None for the whole text.

    Raises:
        LinkingError: A span is empty or leaves the text.
    """

    text: str
    spans: tuple[GoldSpan, ...] = ()
    evaluation_span: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        for start, end, _ in self.spans:
            self._check(start, end, start < end)
        if self.evaluation_span is not None:
            self._check(*self.evaluation_span, True)

    def _check(self, start: int, end: int, some: bool) -> None:
        if not (some and 0 <= start <= end <= len(self.text)):
            raise LinkingError(
                f"the span {start}–{end} is empty or leaves the text of {len(self.text)}"
                " characters; count characters from 0, the end not included"
            )

    @classmethod
    def from_links(cls, document: LinkedText) -> GoldDocument:
        """Take the links of a text as gold."""
        return cls(document.text, tuple((x.start, x.end, x.entity) for x in document.links))


def read_gold(
    path: str | Path,
    *,
    keys: Mapping[str, str] | None = None,
    known: Callable[[str], bool] | None = None,
) -> Iterator[GoldDocument]:
    """Stream the gold documents of a file, or of the files of a folder.

    A line is a text with links marked as ``[[key|surface]]`` (.txt), or a JSON object (.jsonl,
    .ndjson). The object has "text" and its mentions: as "labels": [{"span": [start, end],
    "entity_id"}], as "links": [{"start", "end", "entity"}], the form of
    :meth:`kptm.LinkedText.to_dict`, or as marks in the text. If only a part is annotated, it is
    given as "evaluation_span": [start, end]. Files may be compressed (``.gz``).

    Args:
        path: The file or folder.
        keys: The graph's key of each id in the file; other ids are NIL.
        known: Returns whether the graph has a key; other keys are NIL.

    Raises:
        TripleFormatError: A file is missing, malformed, or contains no text.
    """
    empty = True
    for record in read_records(path):
        try:
            text, mentions = _mentions(record.values)
            spans = [(start, end, _key(name, keys, known)) for start, end, name in mentions]
            scope = record.values.get("evaluation_span")
            document = GoldDocument(
                text,
                tuple(sorted(spans, key=lambda span: (*span[:2], span[2] or ""))),
                None if scope is None else _span(scope, "evaluation_span"),
            )
        except LinkingError as error:
            raise TripleFormatError(record.path, record.line, str(error), record.raw) from error
        empty = False
        yield document
    if empty:
        raise TripleFormatError(path, None, "holds no text; give at least one with its links")


def read_keys(path: str | Path) -> dict[str, str]:
    """Read one pair ``id⇥key`` per line; if an id has several keys, the first one counts.

    Raises:
        TripleFormatError: The file is missing, or a line does not have two columns.
    """
    path = Path(path)
    keys: dict[str, str] = {}
    with open_bytes(path) as stream:
        for number, text, fields in tsv_rows(stream, path):
            if isinstance(fields, TripleFormatError):
                raise fields
            if len(fields) != 2 or not all(fields):
                raise TripleFormatError(path, number, "expected two columns, id⇥key", text)
            keys.setdefault(*fields)
    return keys


def _key(
    name: str | None, keys: Mapping[str, str] | None, known: Callable[[str], bool] | None
) -> str | None:
    key = name if keys is None or name is None else keys.get(name)
    return None if key is None or (known is not None and not known(key)) else key


def _mentions(values: dict[str, Any]) -> tuple[str, Iterable[GoldSpan]]:
    """The text of a record without marks, and its mentions with the ids of the file."""
    text = values["text"]
    if "labels" in values:
        return text, [_label(item) for item in _objects(values, "labels")]
    if "links" in values:
        return text, [_link(item, text) for item in _objects(values, "links")]
    document = parse_marked(text)
    if any("[[" in part for part in (document.text, *document.entities())):
        # nested marks and marks without a key would be read as plain text
        raise LinkingError(
            "marks are [[key|surface]], none inside another; a text with such brackets, or nested"
            ' links, can be given as JSON Lines with "labels"'
        )
    return document.text, GoldDocument.from_links(document).spans


def _objects(values: dict[str, Any], name: str) -> list[dict[str, Any]]:
    items = values[name]
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise LinkingError(f'"{name}" must be a list of objects')
    return items


def _label(item: dict[str, Any]) -> GoldSpan:
    return (*_span(item.get("span"), "span"), _name(item, "entity_id"))


def _link(item: dict[str, Any], text: str) -> GoldSpan:
    start, end = _span([item.get("start"), item.get("end")], "start and end")
    surface = item.get("surface", text[start:end])
    if surface != text[start:end]:
        raise LinkingError(
            f"the text at {start} is {text[start:end]!r}, not {surface!r}; count characters, not"
            " bytes"
        )
    return start, end, _name(item, "entity")


def _span(value: Any, name: str) -> tuple[int, int]:
    if isinstance(value, list) and len(value) == 2 and all(type(part) is int for part in value):
        return value[0], value[1]
    raise LinkingError(f'"{name}" must be two numbers, the first character and that after the last')


def _name(item: dict[str, Any], field: str) -> str | None:
    name = item.get(field)
    if field in item and (name is None or (isinstance(name, str) and name)):
        return name
    raise LinkingError(f'a mention needs "{field}": text, or null for an entity outside the graph')
