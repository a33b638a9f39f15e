"""Reads TSV in blocks of a megabyte; NumPy splits a block whose lines are all plain triples.

This is ten times faster than reading line by line, which remains for blocks with unusual lines.
"""

from __future__ import annotations

from io import BytesIO
from typing import IO, TYPE_CHECKING, NamedTuple

import numpy as np

from kg.formats.text.delimited import read_tsv
from kg.formats.text.encoding import prepend
from kg.formats.text.layout import TableLayout, known_header
from kg.formats.text.lines import MAX_LINE_BYTES
from kg.types import Triple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kg.formats.line import Line
    from kg.types import Literal

BYTES_PER_READ = 2**20
"""Bytes read at a time."""


class Block(NamedTuple):
    """A block of triples as columns of equal length.

    Attributes:
        numbers: The line numbers.
        heads: The heads.
        relations: The relations.
        tails: The tails.
    """

    numbers: Sequence[int]
    heads: list[str]
    relations: list[str]
    tails: list[str]

    def lines(self) -> Iterator[Line]:
        """Yield the triples one line at a time."""
        triples = map(Triple, self.heads, self.relations, self.tails)
        return zip(self.numbers, triples, strict=True)


class ValueBlock(NamedTuple):
    """A block of facts whose tails are values, as columns of equal length.

    Attributes:
        numbers: The line numbers.
        heads: The heads.
        relations: The relations.
        tails: The tails as written in the file.
        values: The value of each distinct tail.
    """

    numbers: Sequence[int]
    heads: list[str]
    relations: list[str]
    tails: list[str]
    values: dict[str, Literal]


def read_tsv_blocks(
    stream: IO[bytes], path: Path, layout: TableLayout | None = None
) -> Iterator[Block | Line]:
    """Read the same records as :func:`read_tsv`, in blocks where possible."""
    layout = layout or TableLayout()
    if layout.columns is not None or layout.key is not None or layout.header:
        yield from read_tsv(stream, path, layout)
        return
    number, rest = 1, b""
    while chunk := stream.read(BYTES_PER_READ):
        raw = rest + chunk
        end = raw.rfind(b"\n") + 1
        if not end and len(raw) < MAX_LINE_BYTES:
            rest = raw
            continue
        body, rest = raw[: end or None], raw[end:] if end else b""
        if number == 1 and layout.header is None and _has_header(body):
            yield from read_tsv(prepend(raw, stream), path, layout)
            return
        yield from _read(body, path, number, layout)
        number += body.count(b"\n")
    if rest:
        yield from _read(rest, path, number, layout)


def _has_header(body: bytes) -> bool:
    """Whether the first line is one of the usual headers."""
    first = body[:200].removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0]
    return known_header(first.decode("utf-8", "replace").rstrip("\r").split("\t")) is not None


def _read(body: bytes, path: Path, number: int, layout: TableLayout) -> Iterator[Block | Line]:
    columns = _columns(body)
    if columns is None:
        yield from read_tsv(BytesIO(body), path, layout, number)
    else:
        yield Block(range(number, number + len(columns[0])), *columns)


def _columns(body: bytes) -> tuple[list[str], list[str], list[str]] | None:
    """The three columns; None if a line is not three names separated by two tabs."""
    if b"\r" in body or body.startswith(b"\xef\xbb\xbf"):
        return None
    if not body.endswith(b"\n"):
        body += b"\n"
    array = np.frombuffer(body, np.uint8)
    ends = np.flatnonzero((array == 9) | (array == 10))
    if len(ends) % 3 or not (array[ends].reshape(-1, 3) == (9, 9, 10)).all():
        return None
    if ends[0] == 0 or (np.diff(ends) == 1).any():  # an empty name
        return None
    try:
        names = body.decode("utf-8")[:-1].replace("\n", "\t").split("\t")
    except UnicodeDecodeError:
        return None
    return names[0::3], names[1::3], names[2::3]
