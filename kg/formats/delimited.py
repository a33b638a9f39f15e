"""Triples of TSV and CSV files."""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING

from kg.errors import TripleFormatError
from kg.formats.lines import MAX_LINE, byte_lines, decode, text_lines
from kg.types import Triple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kg.formats.reader import Line

HEADERS = (
    ("head", "relation", "tail"),
    ("subject", "predicate", "object"),
    ("source", "relation", "target"),
)

_FIELD = re.compile(r'(?:"([^"]*(?:""[^"]*)*)"|([^",]*))(,|\Z)')


def _triple(fields: list[str], path: Path, number: int, text: str) -> Triple | TripleFormatError:
    if len(fields) != 3:
        reason = f"expected 3 columns (head, relation, tail), found {len(fields)}"
        return TripleFormatError(path, number, reason, text)
    if not all(fields):
        return TripleFormatError(path, number, "a column is empty", text)
    return Triple(*fields)


def read_tsv(stream: IO[bytes], path: Path, first: int = 1) -> Iterator[Line]:
    """Three tab-separated columns, no quoting, no header: what stands there is the name."""
    for number, text in text_lines(stream, path, first):
        if isinstance(text, TripleFormatError):
            yield number, text
        else:
            yield number, _triple(text.split("\t"), path, number, text)


def read_csv(stream: IO[bytes], path: Path) -> Iterator[Line]:
    """CSV with RFC 4180 quoting; a header such as ``head,relation,tail`` sets the order.

    Python's own reader is not used: its limit on a field is one for the whole process, and it
    cannot say where a record began. A record that breaks the quoting over a line end stops the
    reading: nobody can say where the next one begins.
    """
    order: list[int] | None = None
    for number, text in _records(stream, path):
        if isinstance(text, TripleFormatError):
            yield number, text
            continue
        fields = _fields(text)
        if fields is None:
            problem = TripleFormatError(path, number, "a quote inside or behind a column", text)
            if "\n" in text:
                raise problem
            yield number, problem
            continue
        if order is None:
            found = _column_order(fields)
            order = found or [0, 1, 2]
            if found:
                continue
        if len(fields) == 3:
            fields = [fields[column] for column in order]
        yield number, _triple(fields, path, number, text)


def _records(stream: IO[bytes], path: Path) -> Iterator[tuple[int, str | TripleFormatError]]:
    """Yield (first line, text) of each record: lines are joined while a quote stays open."""
    parts: list[str] = []
    first = size = quotes = 0
    for number, body in byte_lines(stream, path):
        if not parts and body in (b"", b"\n", b"\r\n"):
            continue
        first = first if parts else number
        size += len(body)
        quotes += body.count(b'"')
        if size > MAX_LINE:
            break
        try:
            parts.append(decode(body, path, number))
        except TripleFormatError as error:
            if quotes % 2 or parts:  # where its record ends is anybody's guess
                raise
            yield number, error
            size = quotes = 0
            continue
        if quotes % 2 == 0:
            yield first, "".join(parts).removesuffix("\n").removesuffix("\r")
            parts, size, quotes = [], 0, 0
    if parts:
        reason = "a quote is opened and never closed"
        raise TripleFormatError(path, first, reason, parts[0])


def _fields(text: str) -> list[str] | None:
    """The columns of one record, or None where its quoting is broken."""
    if '"' not in text:
        return text.split(",")
    fields = []
    at = 0
    while True:
        found = _FIELD.match(text, at)
        if found is None:
            return None
        quoted, plain, end = found.groups()
        fields.append(plain if quoted is None else quoted.replace('""', '"'))
        at = found.end()
        if not end:
            return fields


def _column_order(first: list[str]) -> list[int] | None:
    names = [name.strip().lower() for name in first]
    for header in HEADERS:
        if sorted(names) == sorted(header):
            return [names.index(column) for column in header]
    return None
