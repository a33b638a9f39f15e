"""Reads vectors as text, one key and its numbers per line: word2vec and PyTorch-BigGraph.

The file is streamed; only the keys and the numbers, as float32, stay in memory.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kg.errors import EmbeddingError, shorten
from kg.formats.files import open_bytes
from kg.formats.text.lines import byte_lines, decode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

LINES_PER_BLOCK = 4_096
"""Lines per block: the numbers of a block are converted to one array."""
HEADER_FIELDS = (2, 3)
"""The number of fields of a header: word2vec states the number of vectors and their width, and
BigGraph adds a third number."""


class VectorLine(NamedTuple):
    """A line: its number from 1, its text, and the separator after the key."""

    number: int
    text: str
    separator: str

    def fields(self) -> list[str]:
        """The fields of the line; a key with spaces is split as well."""
        return self.text.split(self.separator)


def read_text(path: Path) -> tuple[list[str], Floats]:
    """Read the keys and vectors of a text file.

    The first line may be a header. In a line with tabs, the key ends at the first tab, and the
    numbers may be separated by tabs or spaces. In other lines the numbers are taken from the end,
    so that a key may contain spaces.

    Returns:
        The N keys, and the vectors, shape (N, width), float32.

    Raises:
        EmbeddingError: A line has no numbers, or more or fewer than the others, or the header
            states another number of vectors than the file has.
    """
    with open_bytes(path) as stream:
        rows = _rows(path, byte_lines(stream, path))
        first, second = next(rows, None), next(rows, None)
        header = _read_header(first, second)
        head = [row for row in (first, second) if row is not None]
        if header is not None:
            head = head[1:]
        keys, blocks = _vectors(path, chain(head, rows), header)
    if header is not None and header.total != len(keys):
        if first is None or not header.may_be_vector:
            raise EmbeddingError(
                f"{path}: the first line announces {header.total:,} vectors, but there are"
                f" {len(keys):,}"
            )
        first_keys, first_block = _vectors(path, iter([first]), header)
        keys, blocks = first_keys + keys, first_block + blocks
    return keys, np.concatenate(blocks) if len(blocks) > 1 else blocks[0]


def _rows(path: Path, lines: Iterator[tuple[int, bytes]]) -> Iterator[VectorLine]:
    for number, raw in lines:
        text = decode(raw, path, number).rstrip("\r\n\t ")
        if text:
            yield VectorLine(number, text, "\t" if "\t" in text else " ")


class _Header(NamedTuple):
    """The content of the first line.

    Attributes:
        total: The number of vectors.
        width: Their width.
        may_be_vector: Whether the line may itself be a key with its vector.
    """

    total: int
    width: int
    may_be_vector: bool


def _read_header(first: VectorLine | None, second: VectorLine | None) -> _Header | None:
    fields = first.text.split() if first is not None else []
    if len(fields) not in HEADER_FIELDS or not all(
        field.isascii() and field.isdecimal() for field in fields
    ):
        return None
    count, width = int(fields[0]), int(fields[1])
    if len(fields) == HEADER_FIELDS[0]:
        return _Header(count, width, may_be_vector=False)
    if second is None:
        return None  # a file of one line: the line is a vector
    alike = len(second.text.split()) == len(fields)
    if alike and width != len(fields) - 1:
        return None
    return _Header(count, width, may_be_vector=alike)


def _vectors(
    path: Path, rows: Iterator[VectorLine], header: _Header | None
) -> tuple[list[str], list[Floats]]:
    width = None if header is None else header.width
    keys: list[str] = []
    blocks: list[Floats] = []
    block: list[list[float]] = []
    for row in rows:
        if width is None:
            width = _width(row)
        key, values = _parse(row, width)
        if len(values) != width or not width:
            wanted = f"{width} numbers" if width else "its numbers, but found no numbers"
            raise EmbeddingError(
                f"{path}, line {row.number}: expected a key and {wanted}: {shorten(row.text)!r}"
            )
        keys.append(key)
        block.append(values)
        if len(block) == LINES_PER_BLOCK:
            blocks.append(np.array(block, np.float32))
            block = []
    blocks.append(np.array(block, np.float32).reshape(-1, width or 0))
    return keys, blocks


def _parse(row: VectorLine, width: int) -> tuple[str, list[float]]:
    """Split a line into its key and its numbers; no numbers if a field is not a number."""
    if row.separator == "\t":
        key, _, rest = row.text.partition("\t")
        parts = rest.split()
    else:
        key, *parts = row.text.rsplit(" ", width)
    try:
        return key, [float(part) for part in parts]
    except ValueError:
        return key, []


def _width(row: VectorLine) -> int:
    """Count the numbers at the end of a line that begins with a key."""
    if row.separator == "\t":
        return len(row.text.partition("\t")[2].split())
    count = 0
    for part in reversed(row.fields()[1:]):
        try:
            float(part)
        except ValueError:
            break
        count += 1
    return count
