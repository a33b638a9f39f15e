"""Reads the lines of a file, numbered from 1; anything but UTF-8 is an error."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from kg.errors import TripleFormatError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_LINE_BYTES = 128 * 2**20
"""Bytes of a line: room for three of the longest names, and a bound on the memory per line."""

_BOM = b"\xef\xbb\xbf"


def byte_lines(stream: IO[bytes], path: Path, first: int = 1) -> Iterator[tuple[int, bytes]]:
    r"""Yield (line number, bytes with their line end); a byte order mark is dropped.

    Only ``\n`` ends a line, so that U+0085 or U+2028 in a name survives.

    Raises:
        TripleFormatError: A line is longer than any record can be.
    """
    number = first - 1
    while raw := stream.readline(MAX_LINE_BYTES):
        number += 1
        if len(raw) == MAX_LINE_BYTES:
            reason = f"the line is over {MAX_LINE_BYTES:,} bytes; is this a text file?"
            raise TripleFormatError(path, number, reason, raw[:80].decode("latin-1"))
        yield number, raw.removeprefix(_BOM) if number == 1 else raw


def decode(raw: bytes, path: Path, number: int) -> str:
    """Decode one line as UTF-8.

    Raises:
        TripleFormatError: The line is not UTF-8.
    """
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        reason = f"not UTF-8 (byte {error.start})"
        raise TripleFormatError(path, number, reason, raw.decode("latin-1")) from error


def text_lines(
    stream: IO[bytes], path: Path, first: int = 1
) -> Iterator[tuple[int, str | TripleFormatError]]:
    r"""Yield (line number, text without ``\n`` or ``\r\n``) of each line that is not empty.

    For a line that is not UTF-8 the error is yielded, so that the caller can skip the line.
    """
    for number, raw in byte_lines(stream, path, first):
        body = raw.removesuffix(b"\n").removesuffix(b"\r")
        if body:
            try:
                yield number, decode(body, path, number)
            except TripleFormatError as error:
                yield number, error
