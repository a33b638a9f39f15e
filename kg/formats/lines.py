"""Lines of a file, plain or gzipped, counted from 1; strictly UTF-8."""

from __future__ import annotations

import gzip
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, cast

from kg.errors import TripleFormatError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_LINE = 128 * 2**20
"""Bytes; room for three of the longest names, and a bound on what a file without lines may take."""

_BOM = b"\xef\xbb\xbf"


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Open ``path`` for reading, unpacking ``.gz``; every failure is a TripleFormatError."""
    try:
        with path.open("rb") as raw:
            if path.suffix.lower() == ".gz":
                with gzip.open(raw, "rb") as unpacked:
                    yield cast("IO[bytes]", unpacked)
            else:
                yield raw
    except FileNotFoundError as error:
        raise TripleFormatError(path, None, "no such file; check the path") from error
    except IsADirectoryError as error:
        raise TripleFormatError(path, None, "is a folder; name a file in it") from error
    except PermissionError as error:
        raise TripleFormatError(path, None, "may not be read; check its permissions") from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise TripleFormatError(path, None, f"is not sound gzip ({error})") from error
    except (OSError, ValueError) as error:  # a name too long, a NUL in it, a disk that fails
        raise TripleFormatError(path, None, f"cannot be read ({error})") from error


def byte_lines(stream: IO[bytes], path: Path, first: int = 1) -> Iterator[tuple[int, bytes]]:
    r"""Yield (line number, bytes with their line end); a byte order mark is dropped.

    Only ``\n`` ends a line, so that U+0085 or U+2028 in a name survives.

    Raises:
        TripleFormatError: A line is longer than any record can be.
    """
    number = first - 1
    while raw := stream.readline(MAX_LINE):
        number += 1
        if len(raw) == MAX_LINE:
            reason = f"the line is over {MAX_LINE:,} bytes; is this a text file?"
            raise TripleFormatError(path, number, reason, raw[:80].decode("latin-1"))
        yield number, raw.removeprefix(_BOM) if number == 1 else raw


def decode(raw: bytes, path: Path, number: int) -> str:
    """Decode one line as UTF-8.

    Raises:
        TripleFormatError: It is something else.
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

    A line that is not UTF-8 comes as its error, so that the caller may skip it and go on.
    """
    for number, raw in byte_lines(stream, path, first):
        body = raw.removesuffix(b"\n").removesuffix(b"\r")
        if body:
            try:
                yield number, decode(body, path, number)
            except TripleFormatError as error:
                yield number, error
