"""Reads the rows of TSV and CSV files, and their triples."""

from __future__ import annotations

import re
from functools import cache
from itertools import chain, islice
from typing import IO, TYPE_CHECKING

from kg.errors import KGError, TripleFormatError
from kg.formats.text.layout import Columns, Row, TableLayout, known_header
from kg.formats.text.lines import MAX_LINE_BYTES, byte_lines, decode, text_lines
from kg.formats.text.wide import read_wide
from kg.types import Triple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kg.formats.line import Line


SEPARATORS = (",", ";", "\t", "|")
"""Separators of CSV files, in the order in which they are tried."""
SNIFFED_RECORDS = 20
"""Records from which the separator is guessed."""
_NAMES = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def read_tsv(
    stream: IO[bytes], path: Path, layout: TableLayout | None = None, first: int = 1
) -> Iterator[Line]:
    """Read three tab-separated columns; there is no quoting, so a quote is part of a name.

    A usual header in the first line is recognised. If ``layout.columns`` are names, the first line
    is taken as the header, and its other columns are ignored.

    Args:
        stream: The content of the file.
        path: The path, for errors.
        layout: Which columns to read; by default the first line or the order decides.
        first: The number of the stream's first line in the file.
    """
    layout = layout or TableLayout()
    rows = tsv_rows(stream, path, first)
    if layout.key is not None:
        yield from read_wide(rows, path, layout)
        return
    order = None if layout.columns is None else _Order(layout.columns)
    for number, text, fields in rows:
        if order is None and number == 1 and not isinstance(fields, TripleFormatError):
            order = _order_of(fields, layout)
        yield from _triples(fields, path, number, text, order)


def read_csv(stream: IO[bytes], path: Path, layout: TableLayout | None = None) -> Iterator[Line]:
    """Read CSV with RFC 4180 quoting; a header such as ``head,relation,tail`` sets the order."""
    layout = layout or TableLayout()
    rows = csv_rows(stream, path, layout.notes)
    if layout.key is not None:
        yield from read_wide(rows, path, layout)
        return
    order: _Order | None = None if layout.columns is None else _Order(layout.columns)
    for number, text, fields in rows:
        if order is None and not isinstance(fields, TripleFormatError):
            order = _order_of(fields, layout) or _Order((0, 1, 2), exact=3)
        yield from _triples(fields, path, number, text, order)


def _order_of(first: list[str], layout: TableLayout) -> _Order | None:
    """The order of columns if the first row is a header, else None."""
    names = None if layout.header is False else known_header(first)
    if names is not None:
        layout.notes.append(f"the first line is a header: {', '.join(first)}")
        return _Order(names, exact=3)
    if layout.header:
        layout.notes.append(f"the first line is taken as a header: {', '.join(first)}")
        return _Order(tuple(name.strip().casefold() for name in first), exact=3)
    return None


class _Order:
    """The positions of head, relation and tail in a row.

    Attributes:
        places: The positions from 0; None until the header with their names has been read.
        exact: The number of columns that each row must have; None if other columns are ignored.
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
        """Take the positions from a header; return the error in it, None if it is right."""
        names = [field.strip().casefold() for field in fields]
        missing = [name for name in self._names if name not in names]
        if missing:
            return f"the header has no column {', '.join(missing)}; name those it has"
        self.places = [names.index(name) for name in self._names]
        return None


def _triples(
    fields: list[str] | TripleFormatError, path: Path, number: int, text: str, order: _Order | None
) -> Iterator[Line]:
    """Yield the triple of a row, or its error; nothing for the header."""
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
    width = order.exact or len(fields)
    if len(fields) == width and max(order.places) < len(fields):
        fields = [fields[place] for place in order.places]
    elif order.exact is None:
        reason = f"expected a column {max(order.places)} (from 0), found {len(fields)} columns"
        yield number, TripleFormatError(path, number, reason, text)
        return
    yield number, _triple(fields, path, number, text)


def _triple(fields: list[str], path: Path, number: int, text: str) -> Triple | TripleFormatError:
    while len(fields) > 3 and not fields[-1].strip():  # Excel adds empty columns
        fields = fields[:-1]
    if len(fields) != 3:
        reason = f"expected 3 columns (head, relation, tail), found {len(fields)}"
        if number == 1 and len(fields) > 1:
            reason += (
                "; if each row is an entity and each column a relation, name the column of the"
                " entities with --key COLUMN"
            )
        return TripleFormatError(path, number, reason, text)
    if not all(fields):
        return TripleFormatError(path, number, "a column is empty", text)
    return Triple(*fields)


def tsv_rows(stream: IO[bytes], path: Path, first: int = 1) -> Iterator[Row]:
    """Yield the rows of a TSV file, which has no quoting."""
    for number, text in text_lines(stream, path, first):
        if isinstance(text, TripleFormatError):
            yield number, "", text
        else:
            yield number, text, text.split("\t")


def csv_rows(stream: IO[bytes], path: Path, notes: list[str] | None = None) -> Iterator[Row]:
    """Yield the rows of a CSV file; its separator is guessed from the first records.

    Python's csv module is not used, because its limit on the size of a field is global to the
    process, and it does not report the line on which a record began. A quoting error that spans
    lines stops the reading, since the start of the next record is unknown.
    """
    records = _records(stream, path)
    first = list(islice(records, SNIFFED_RECORDS))
    first_line = first[0][1] if first and isinstance(first[0][1], str) else ""
    if _SEPARATOR.fullmatch(first_line):  # Excel writes the separator in a first line "sep=;"
        separator, first = first_line[4], first[1:]
    else:
        separator = _separator([text for _, text in first if isinstance(text, str)])
    if separator != "," and notes is not None:
        notes.append(f"columns are separated by {_NAMES.get(separator, separator)}")
    for number, text in chain(first, records):
        if isinstance(text, TripleFormatError):
            yield number, "", text
            continue
        fields = _fields(text, separator)
        if fields is None:
            problem = TripleFormatError(path, number, "a quote inside or after a column", text)
            if "\n" in text:
                raise problem
            yield number, text, problem
        else:
            yield number, text, fields


def _records(stream: IO[bytes], path: Path) -> Iterator[tuple[int, str | TripleFormatError]]:
    """Yield (number of its first line, text) for each record.

    A line break within quotes belongs to the record, so lines are joined until the quotes are even.
    """
    parts: list[str] = []
    first = size = quotes = 0
    for number, body in byte_lines(stream, path):
        if not parts and body in (b"", b"\n", b"\r\n"):
            continue
        first = first if parts else number
        size += len(body)
        quotes += body.count(b'"')
        if size > MAX_LINE_BYTES:
            break
        try:
            parts.append(decode(body, path, number))
        except TripleFormatError as error:
            if quotes % 2 or parts:  # within an open quote the end of the record is unknown
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


_SEPARATOR = re.compile(r"sep=.")


def _separator(records: Sequence[str]) -> str:
    """The first separator that splits all records into the same number of columns, at least two.

    A comma if there is none.
    """
    for separator in SEPARATORS:
        counts = {len(_fields(text, separator) or ()) for text in records}
        if len(counts) == 1 and counts.pop() > 1:
            return separator
    return ","


@cache
def _field(separator: str) -> re.Pattern[str]:
    """Matches a column: quoted, a formula of Excel such as ="007", or plain."""
    mark = re.escape(separator)
    return re.compile(rf'(?:=?"([^"]*(?:""[^"]*)*)"|([^"{mark}]*))({mark}|\Z)')


def _fields(text: str, separator: str = ",") -> list[str] | None:
    """The columns of one record; None if its quoting is malformed."""
    if '"' not in text:
        return text.split(separator)
    fields = []
    start = 0
    match = _field(separator).match
    while True:
        column = match(text, start)
        if column is None:
            return None
        quoted, plain, end = column.groups()
        fields.append(plain if quoted is None else _unquote(quoted))
        start = column.end()
        if not end:
            return fields


def _unquote(text: str) -> str:
    """The text of a quoted column; Excel writes ="007" to keep digits as text."""
    plain = text.replace('""', '"')
    formula = len(plain) > 3 and plain.startswith('="') and plain.endswith('"')
    return plain[2:-1] if formula else plain
