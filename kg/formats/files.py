"""Opens files as bytes, plain or compressed; ``-`` is standard input or output."""

from __future__ import annotations

import bz2
import gzip
import sys
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from kg.errors import TripleFormatError
from kg.files.atomic import replace_file

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKED = (".gz", ".bz2", ".zst")

STANDARD = Path("-")


def unpacked_suffix(path: Path) -> str:
    """The suffix that names the format, in lower case, without ``.gz``, ``.bz2`` or ``.zst``."""
    name = Path(path.name.lower())
    return (name.with_suffix("") if name.suffix in PACKED else name).suffix


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Open ``path`` for reading and decompress it if its suffix says so.

    Raises:
        TripleFormatError: The file cannot be opened, read or decompressed.
    """
    packing = path.suffix.lower()
    try:
        if path == STANDARD:
            if sys.stdin is None:
                raise TripleFormatError(path, None, "standard input is closed; name a file")
            yield sys.stdin.buffer
            return
        with path.open("rb") as raw, _unpack(raw, packing) as stream:
            yield stream
    except FileNotFoundError as error:
        raise TripleFormatError(path, None, "no such file; check the path") from error
    except IsADirectoryError as error:
        raise TripleFormatError(path, None, "is a folder; name a file in it") from error
    except PermissionError as error:
        raise TripleFormatError(path, None, "may not be read; check its permissions") from error
    except (EOFError, zlib.error, OSError, ValueError) as error:
        if packing in PACKED and _is_packing(error):
            reason = f"is not sound {_NAMES[packing]} ({error})"
            raise TripleFormatError(path, None, reason) from error
        if isinstance(error, EOFError):
            raise
        # a name that is too long or contains NUL, or a failing disk
        raise TripleFormatError(path, None, f"cannot be read ({error})") from error


def estimate_lines(path: Path) -> int | None:
    """Estimate the number of lines of a file from its first megabyte.

    For a compressed file the estimate uses the compressed bytes that the sample took. None for a
    stream, or if the file cannot be read.
    """
    if path == STANDARD or not path.is_file():
        return None
    try:
        with path.open("rb") as raw, _unpack(raw, path.suffix.lower()) as stream:
            sample = stream.read(_SAMPLE_BYTES)
            used = len(sample) if stream is raw else raw.tell()
    except (EOFError, zlib.error, OSError, ValueError):
        return None  # reading the file will raise the error
    lines = sample.count(b"\n") + (not sample.endswith(b"\n"))
    return lines if len(sample) < _SAMPLE_BYTES else int(lines * path.stat().st_size / max(used, 1))


_SAMPLE_BYTES = 2**20
_NAMES = {".gz": "gzip", ".bz2": "bzip2", ".zst": "Zstandard"}


def _is_packing(error: Exception) -> bool:
    """Whether an error comes from the decompressor; errors of the system have an errno."""
    return getattr(error, "errno", None) is None


@contextmanager
def _unpack(raw: IO[bytes], packing: str) -> Iterator[IO[bytes]]:
    if packing == ".gz":
        with gzip.open(raw, "rb") as stream:
            yield cast("IO[bytes]", stream)
    elif packing == ".bz2":
        with bz2.open(raw, "rb") as stream:
            yield cast("IO[bytes]", stream)
    elif packing == ".zst":
        from backports import zstd  # imported late: a compiled module

        try:
            with zstd.open(raw, "rb") as stream:
                yield cast("IO[bytes]", stream)
        except zstd.ZstdError as error:
            raise EOFError(str(error)) from error
    else:
        yield raw


@contextmanager
def create_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Open ``path`` for writing and compress it if its suffix says so.

    A regular file is written atomically; a pipe or device is written to directly.

    Raises:
        TripleFormatError: The file cannot be written.
    """
    if path == STANDARD:
        if sys.stdout is None:
            raise TripleFormatError(path, None, "standard output is closed; name a file")
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        if path.is_dir():
            raise TripleFormatError(path, None, "is a folder; name a file in it")
        with replace_file(path) as raw, _pack(raw, path.suffix.lower()) as stream:
            yield stream
    except BrokenPipeError:  # the reader of the pipe has closed it
        raise
    except (OSError, ValueError) as error:
        raise TripleFormatError(path, None, f"cannot be written ({error})") from error


@contextmanager
def _pack(raw: IO[bytes], packing: str) -> Iterator[IO[bytes]]:
    if packing == ".gz":  # without name and time, so that equal graphs give equal files
        with gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as stream:
            yield cast("IO[bytes]", stream)
    elif packing == ".bz2":
        with bz2.open(raw, "wb") as stream:
            yield cast("IO[bytes]", stream)
    elif packing == ".zst":
        from backports import zstd

        with zstd.open(raw, "wb") as stream:
            yield cast("IO[bytes]", stream)
            empty = not stream.tell()
        if empty:  # without a frame the file would not be valid Zstandard
            raw.write(zstd.compress(b""))
    else:
        yield raw
