"""Text lines of a file, plain or gzipped, strictly UTF-8, counted from 1."""

from __future__ import annotations

import gzip
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from kg.errors import TripleFormatError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Open ``path`` for reading, unpacking ``.gz``; every failure is a TripleFormatError."""
    try:
        opened = gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")
        with opened as stream:
            yield cast("IO[bytes]", stream)
    except FileNotFoundError as error:
        raise TripleFormatError(path, None, "no such file; check the path") from error
    except IsADirectoryError as error:
        raise TripleFormatError(path, None, "is a folder; name a file in it") from error
    except PermissionError as error:
        raise TripleFormatError(path, None, "may not be read; check its permissions") from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise TripleFormatError(path, None, f"is not sound gzip ({error})") from error


def decode(raw: bytes, path: Path, number: int) -> str:
    """Decode one line as UTF-8."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TripleFormatError(
            path, number, f"not UTF-8 (byte {error.start})", raw.decode("latin-1")
        ) from error


def text_lines(stream: IO[bytes], path: Path) -> Iterator[tuple[int, str | TripleFormatError]]:
    r"""Yield (line number, text without its line end); empty lines are skipped.

    Only ``\n`` ends a line (and ``\r\n``), so that U+0085 or U+2028 in a name survives. A line
    that is not UTF-8 comes as its error, so that the caller may skip it and go on.
    """
    for number, raw in enumerate(stream, 1):
        body = raw.removesuffix(b"\n").removesuffix(b"\r")
        if number == 1:
            body = body.removeprefix(b"\xef\xbb\xbf")
        if body:
            try:
                yield number, decode(body, path, number)
            except TripleFormatError as error:
                yield number, error
