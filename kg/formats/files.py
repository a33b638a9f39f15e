"""Files as bytes, plain or packed, to read and to write; ``-`` is standard input or output."""

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
    """The suffix in lower case that says the format: that before ``.gz``, ``.bz2`` or ``.zst``."""
    name = Path(path.name.lower())
    return (name.with_suffix("") if name.suffix in PACKED else name).suffix


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Open ``path`` for reading, unpacking what is packed; every failure is a TripleFormatError."""
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
        # a name too long, a NUL in it, a disk that fails
        raise TripleFormatError(path, None, f"cannot be read ({error})") from error


def estimate_lines(path: Path) -> int | None:
    """About how many lines a file has, by its first megabyte.

    None for a stream, or if the file cannot be read.

    Of a packed file too: how many packed bytes gave the lines is known.
    """
    if path == STANDARD or not path.is_file():
        return None
    try:
        with path.open("rb") as raw, _unpack(raw, path.suffix.lower()) as stream:
            sample = stream.read(_SAMPLE)
            used = len(sample) if stream is raw else raw.tell()
    except (EOFError, zlib.error, OSError, ValueError):
        return None  # what is wrong with it is said by whoever reads it
    lines = sample.count(b"\n") + (not sample.endswith(b"\n"))
    return lines if len(sample) < _SAMPLE else int(lines * path.stat().st_size / max(used, 1))


_SAMPLE = 2**20
_NAMES = {".gz": "gzip", ".bz2": "bzip2", ".zst": "Zstandard"}


def _is_packing(error: Exception) -> bool:
    """Whether the unpacking failed: what the system reports has a number."""
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
        from backports import zstd  # a wheel with code in C

        try:
            with zstd.open(raw, "rb") as stream:
                yield cast("IO[bytes]", stream)
        except zstd.ZstdError as error:
            raise EOFError(str(error)) from error
    else:
        yield raw


@contextmanager
def create_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Open ``path`` for writing, packing as its suffix says.

    A file appears whole or not at all; a pipe or device is written to.

    Raises:
        TripleFormatError: It cannot be written.
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
    except BrokenPipeError:  # the reader of a pipe went away
        raise
    except (OSError, ValueError) as error:
        raise TripleFormatError(path, None, f"cannot be written ({error})") from error


@contextmanager
def _pack(raw: IO[bytes], packing: str) -> Iterator[IO[bytes]]:
    if packing == ".gz":  # without name and time: one graph gives one file
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
        if empty:  # nothing written is no frame, and no frame is no Zstandard
            raw.write(zstd.compress(b""))
    else:
        yield raw
