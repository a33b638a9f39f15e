"""Decodes files that are not plain UTF-8: byte order marks of Windows, UTF-16 of Excel."""

from __future__ import annotations

import codecs
import io
from typing import IO, TYPE_CHECKING, cast

from kg.errors import TripleFormatError

if TYPE_CHECKING:
    from pathlib import Path

MAX_CHUNK_BYTES = 2**16
"""The maximum number of bytes that are decoded at a time."""


def as_utf8(stream: IO[bytes], path: Path, notes: list[str]) -> IO[bytes]:
    """Convert a stream to UTF-8 if it begins with a byte order mark of UTF-16; say so in ``notes``.

    Raises:
        TripleFormatError: Raised while reading, if the file is not UTF-16 after all.
    """
    first = _first_bytes(stream)
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        notes.append("read as UTF-16")
        return cast("IO[bytes]", io.BufferedReader(_FromUtf16(stream, path)))
    return stream


def without_mark(stream: IO[bytes]) -> IO[bytes]:
    """The stream without a leading byte order mark of UTF-8."""
    if _first_bytes(stream).startswith(codecs.BOM_UTF8):
        stream.read(len(codecs.BOM_UTF8))
    return stream


def _first_bytes(stream: IO[bytes]) -> bytes:
    """The first bytes without consuming them; empty if the stream cannot peek."""
    peek = getattr(stream, "peek", None)
    return b"" if peek is None else bytes(peek(4)[:4])


class _FromUtf16(io.RawIOBase):
    """Reads UTF-16 as UTF-8."""

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        self._text = codecs.getreader("utf-16")(stream)
        self._path = path
        self._waiting = b""

    def readable(self) -> bool:
        """Whether the stream can be read: always."""
        return True

    def readinto(self, target: object) -> int:
        """Fill a buffer; return the number of bytes, 0 at the end."""
        view = memoryview(target)  # type: ignore[arg-type]  # any buffer
        if not self._waiting:
            try:
                self._waiting = self._text.read(MAX_CHUNK_BYTES).encode()
            except UnicodeError as error:
                raise TripleFormatError(self._path, None, f"not UTF-16 ({error})") from error
        part, self._waiting = self._waiting[: len(view)], self._waiting[len(view) :]
        view[: len(part)] = part
        return len(part)


def prepend(first: bytes, stream: IO[bytes]) -> IO[bytes]:
    """A stream of ``first``, then of the rest of ``stream``."""
    return cast("IO[bytes]", io.BufferedReader(_Prepended(first, stream)))


class _Prepended(io.RawIOBase):
    """Bytes that were read already, followed by the rest of the stream."""

    def __init__(self, first: bytes, stream: IO[bytes]) -> None:
        self._first, self._stream = first, stream

    def readable(self) -> bool:
        """Whether the stream can be read: always."""
        return True

    def readinto(self, target: object) -> int:
        """Fill a buffer; return the number of bytes, 0 at the end."""
        view = memoryview(target)  # type: ignore[arg-type]  # any buffer
        part = self._first[: len(view)] or self._stream.read(len(view))
        self._first = self._first[len(view) :]
        view[: len(part)] = part
        return len(part)
