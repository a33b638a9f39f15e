"""Rows of TSV and CSV files, and the triples in them."""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, TypeAlias

from kg.errors import KGError, TripleFormatError
from kg.formats.lines import MAX_LINE, byte_lines, decode, text_lines
from kg.types import Triple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kg.formats.reader import Line

HEADERS = (
    ("head", "relation", "tail"),
    ("subject", "predicate", "object"),
    ("source", "relation", "target"),
)

Columns: TypeAlias = "Sequence[str] | Sequence[int]"
"""Which columns are meant: their names in the header, or their positions from 0."""

Row: TypeAlias = tuple[int, str, "list[str] | TripleFormatError"]
"""A row's first line, its text, and its fields or why it has none."""

_FIELD = re.compile(r'(?:"([^"]*(?:""[^"]*)*)"|([^",]*))(,|\Z)')


def read_tsv(
    stream: IO[bytes], path: Path, first: int = 1, columns: Columns | None = None
) -> Iterator[Line]:
    """Three tab-separated columns, no quoting, no header: what stands there is the name.

    With ``columns`` by name the first line is a header; what else it has is left.
    """
    order = None if columns is None else _Order(columns)
    for number, text, fields in tsv_rows(stream, path, first):
        yield from _triples(fields, path, number, text, order)


def read_csv(stream: IO[bytes], path: Path, columns: Columns | None = None) -> Iterator[Line]:
    """CSV with RFC 4180 quoting; a header such as ``head,relation,tail`` sets the order."""
    order: _Order | None = None if columns is None else _Order(columns)
    for number, text, fields in csv_rows(stream, path):
        if order is None and not isinstance(fields, TripleFormatError):
            found = _known_header(fields)
            order = _Order(found or (0, 1, 2), exact=3)
        yield from _triples(fields, path, number, text, order)


class _Order:
    """Where head, relation and tail stand in a row.

    Attributes:
        places: The positions; None until the header with their names has come.
    """

    def __init__(self, columns: Columns, exact: int | None = None) -> None:
        self.exact = exact
        self.places: list[int] | None = None
        self._names: list[str] = []
        if len(columns) != 3:
            raise KGError(f"columns must name three: head, relation, tail; not {list(columns)!r}")
        if all(isinstance(column, int) and column >= 0 for column in columns):
            self.places = [int(column) for column in columns]
        elif all(isinstance(column, str) for column in columns):
            self._names = [str(column).strip().casefold() for column in columns]
        else:
            raise KGError(f"columns must be names or positions from 0, not {list(columns)!r}")

    def read_header(self, fields: list[str]) -> str | None:
        """Take the positions from a header; return what is wrong with it."""
        found = [field.strip().casefold() for field in fields]
        missing = [name for name in self._names if name not in found]
        if missing:
            return f"the header has no column {', '.join(missing)}; name those it has"
        self.places = [found.index(name) for name in self._names]
        return None


def _triples(
    fields: list[str] | TripleFormatError, path: Path, number: int, text: str, order: _Order | None
) -> Iterator[Line]:
    """The triple of a row, if it is not the header."""
    if isinstance(fields, TripleFormatError):
        yield number, fields
        return
    if order is None:
        yield number, _triple(fields, path, number, text)
        return
    if order.places is None:
        problem = order.read_header(fields)
        if problem is not None:
            raise TripleFormatError(path, number, problem, text)
        return
    wanted = order.exact or len(fields)
    if len(fields) == wanted and max(order.places) < len(fields):
        fields = [fields[place] for place in order.places]
    elif order.exact is None:
        reason = f"expected a column {max(order.places)} (from 0), found {len(fields)} columns"
        yield number, TripleFormatError(path, number, reason, text)
        return
    yield number, _triple(fields, path, number, text)


def _triple(fields: list[str], path: Path, number: int, text: str) -> Triple | TripleFormatError:
    if len(fields) != 3:
        reason = f"expected 3 columns (head, relation, tail), found {len(fields)}"
        return TripleFormatError(path, number, reason, text)
    if not all(fields):
        return TripleFormatError(path, number, "a column is empty", text)
    return Triple(*fields)


def tsv_rows(stream: IO[bytes], path: Path, first: int = 1) -> Iterator[Row]:
    """The rows of a TSV file, without any quoting."""
    for number, text in text_lines(stream, path, first):
        if isinstance(text, TripleFormatError):
            yield number, "", text
        else:
            yield number, text, text.split("\t")


def csv_rows(stream: IO[bytes], path: Path) -> Iterator[Row]:
    """The rows of a CSV file.

    Python's own reader is not used: its limit on a field is one for the whole process, and it
    cannot say where a record began. A record that breaks the quoting over a line end stops the
    reading: nobody can say where the next one begins.
    """
    for number, text in _records(stream, path):
        if isinstance(text, TripleFormatError):
            yield number, "", text
            continue
        fields = _fields(text)
        if fields is None:
            problem = TripleFormatError(path, number, "a quote inside or behind a column", text)
            if "\n" in text:
                raise problem
            yield number, text, problem
        else:
            yield number, text, fields


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


def _known_header(first: list[str]) -> tuple[str, ...] | None:
    """The names of head, relation and tail in a header that is one of the usual."""
    names = [name.strip().lower() for name in first]
    return next((header for header in HEADERS if sorted(names) == sorted(header)), None)
