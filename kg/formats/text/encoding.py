"""Text files that are not plain UTF-8: a byte order mark of Windows programs, Excel's UTF-16."""

from __future__ import annotations

import codecs
import io
from typing import IO, TYPE_CHECKING, cast

from kg.errors import TripleFormatError

if TYPE_CHECKING:
    from pathlib import Path

CHUNK = 2**16
"""Characters that are read at a time."""


def as_utf8(stream: IO[bytes], path: Path, notes: list[str]) -> IO[bytes]:
    """The stream in UTF-8, also if its first bytes say that it is UTF-16; guesses are noted.

    Raises:
        TripleFormatError: Later, on reading: it is no UTF-16 after all.
    """
    first = _first_bytes(stream)
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        notes.append("read as UTF-16")
        return cast("IO[bytes]", io.BufferedReader(_FromUtf16(stream, path)))
    return stream


def without_mark(stream: IO[bytes]) -> IO[bytes]:
    """The stream without UTF-8's byte order mark at its beginning."""
    if _first_bytes(stream).startswith(codecs.BOM_UTF8):
        stream.read(len(codecs.BOM_UTF8))
    return stream


def _first_bytes(stream: IO[bytes]) -> bytes:
    """The first bytes, which stay in the stream; none where it cannot look ahead."""
    peek = getattr(stream, "peek", None)
    return b"" if peek is None else bytes(peek(4)[:4])


class _FromUtf16(io.RawIOBase):
    """UTF-16 as UTF-8."""

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        self._text = codecs.getreader("utf-16")(stream)
        self._path = path
        self._waiting = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, target: object) -> int:
        """Fill ``target``, a buffer; 0 at the end."""
        view = memoryview(target)  # type: ignore[arg-type]  # any buffer
        if not self._waiting:
            try:
                self._waiting = self._text.read(CHUNK).encode()
            except UnicodeError as error:
                raise TripleFormatError(self._path, None, f"not UTF-16 ({error})") from error
        part, self._waiting = self._waiting[: len(view)], self._waiting[len(view) :]
        view[: len(part)] = part
        return len(part)


def chain(first: bytes, stream: IO[bytes]) -> IO[bytes]:
    """A stream that gives ``first``, then the rest of another."""
    return cast("IO[bytes]", io.BufferedReader(_Chained(first, stream)))


class _Chained(io.RawIOBase):
    """What was read already, then the rest."""

    def __init__(self, first: bytes, stream: IO[bytes]) -> None:
        self._first, self._stream = first, stream

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, target: object) -> int:
        """Fill ``target``, a buffer; 0 at the end."""
        view = memoryview(target)  # type: ignore[arg-type]  # any buffer
        part = self._first[: len(view)] or self._stream.read(len(view))
        self._first = self._first[len(view) :]
        view[: len(part)] = part
        return len(part)
