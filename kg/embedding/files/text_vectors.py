"""Vectors as text, a key and its numbers a line: word2vec, and PyTorch-BigGraph with tabs.

The file streams; what stays in memory are the keys and the numbers as float32.
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

BLOCK = 4_096
"""Lines whose numbers become one array."""
SIZES = (2, 3)
"""Numbers of a first line that holds sizes: how many vectors, how wide; BigGraph adds a third."""


class VectorLine(NamedTuple):
    """A line: its number, its text, what separates a key from its numbers."""

    number: int
    text: str
    separator: str

    def fields(self) -> list[str]:
        """The key and the numbers, where no key has a space."""
        return self.text.split(self.separator)


def read_text(path: Path) -> tuple[list[str], Floats]:
    """The keys and the vectors of a file.

    The first line may hold sizes. Numbers are at the end of a line, so that a key may have spaces;
    after a key and a tab they may be separated by tabs or spaces.

    Returns:
        N keys and an array of shape (N, width).

    Raises:
        EmbeddingError: A line has another number of numbers than the others, or the first line
            announces others.
    """
    with open_bytes(path) as stream:
        rows = _rows(path, byte_lines(stream, path))
        first, second = next(rows, None), next(rows, None)
        announced = _sizes(first, second)
        head = [row for row in (first, second) if row is not None]
        if announced is not None:
            head = head[1:]
        keys, blocks = _vectors(path, chain(head, rows), announced)
    if announced is not None and announced.total != len(keys):
        if first is None or not announced.doubtful:
            raise EmbeddingError(
                f"{path}: the first line announces {announced.total:,} vectors, there are"
                f" {len(keys):,}"
            )
        more, block = _vectors(path, iter([first]), announced)
        keys, blocks = more + keys, block + blocks
    return keys, np.concatenate(blocks) if len(blocks) > 1 else blocks[0]


def _rows(path: Path, lines: Iterator[tuple[int, bytes]]) -> Iterator[VectorLine]:
    for number, raw in lines:
        text = decode(raw, path, number).rstrip("\r\n\t ")
        if text:
            yield VectorLine(number, text, "\t" if "\t" in text else " ")


class _Sizes(NamedTuple):
    """What the first line announces; ``doubtful`` where it may be a key and two numbers as well."""

    total: int
    width: int
    doubtful: bool


def _sizes(first: VectorLine | None, second: VectorLine | None) -> _Sizes | None:
    fields = first.text.split() if first is not None else []
    if len(fields) not in SIZES or not all(
        field.isascii() and field.isdecimal() for field in fields
    ):
        return None
    count, width = int(fields[0]), int(fields[1])
    if len(fields) == SIZES[0]:
        return _Sizes(count, width, doubtful=False)
    if second is None:
        return None  # one line is a vector
    alike = len(second.text.split()) == len(fields)
    if alike and width != len(fields) - 1:
        return None
    return _Sizes(count, width, doubtful=alike)


def _vectors(
    path: Path, rows: Iterator[VectorLine], announced: _Sizes | None
) -> tuple[list[str], list[Floats]]:
    width = None if announced is None else announced.width
    keys: list[str] = []
    blocks: list[Floats] = []
    block: list[list[float]] = []
    for row in rows:
        if width is None:
            width = _width(row)
        key, values = _parse(row, width)
        if len(values) != width or not width:
            raise EmbeddingError(
                f"{path}, line {row.number}: wants a key and {width} numbers: {shorten(row.text)!r}"
            )
        keys.append(key)
        block.append(values)
        if len(block) == BLOCK:
            blocks.append(np.array(block, np.float32))
            block = []
    blocks.append(np.array(block, np.float32).reshape(-1, width or 0))
    return keys, blocks


def _parse(row: VectorLine, width: int) -> tuple[str, list[float]]:
    """The key and the numbers of a line; no numbers where one is none."""
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
    """How many numbers stand at the end of a line that begins with a key."""
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
