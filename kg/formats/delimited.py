"""Triples of TSV and CSV files."""

from __future__ import annotations

import csv
from typing import IO, TYPE_CHECKING

from kg.errors import TripleFormatError
from kg.formats.lines import text_lines
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


def _triple(fields: list[str], path: Path, number: int, text: str) -> Triple | TripleFormatError:
    if len(fields) != 3:
        reason = f"expected 3 columns (head, relation, tail), found {len(fields)}"
        return TripleFormatError(path, number, reason, text)
    if not all(fields):
        return TripleFormatError(path, number, "a column is empty", text)
    return Triple(*fields)


def read_tsv(stream: IO[bytes], path: Path) -> Iterator[Line]:
    """Three tab-separated columns, no quoting, no header: what stands there is the name."""
    for number, text in text_lines(stream, path):
        if isinstance(text, TripleFormatError):
            yield number, text
        else:
            yield number, _triple(text.split("\t"), path, number, text)


def _column_order(first: list[str]) -> list[int] | None:
    names = [name.strip().lower() for name in first]
    for header in HEADERS:
        if sorted(names) == sorted(header):
            return [names.index(column) for column in header]
    return None


def read_csv(stream: IO[bytes], path: Path) -> Iterator[Line]:
    """CSV with RFC 4180 quoting; a header such as ``head,relation,tail`` sets the order.

    A record that breaks the quoting ends the reading: nobody can say where the next one begins.
    """

    def lines() -> Iterator[str]:
        for number, raw in enumerate(stream, 1):
            body = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
            try:
                yield body.decode("utf-8")
            except UnicodeDecodeError as error:
                text = raw.decode("latin-1").rstrip()
                reason = f"not UTF-8 (byte {error.start})"
                raise TripleFormatError(path, number, reason, text) from error

    rows = csv.reader(lines(), strict=True)
    order = [0, 1, 2]
    first = True
    while True:
        try:
            fields = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise TripleFormatError(path, rows.line_num, f"not sound CSV ({error})") from error
        if first:
            first = False
            found = _column_order(fields)
            if found is not None:
                order = found
                continue
        if not fields:
            continue
        text = ",".join(fields)
        if len(fields) == 3:
            fields = [fields[column] for column in order]
        yield rows.line_num, _triple(fields, path, rows.line_num, text)
