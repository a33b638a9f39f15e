"""Archives by their suffix: .tar.gz, .tar.zst, .zip and .tar, written and read as streams."""

from __future__ import annotations

import gzip
import tarfile
import zipfile
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, cast

from backports import zstd

from kptm.errors import WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Add = Callable[[str, int, IO[bytes]], None]

SUFFIXES = (".tar.zst", ".tar.gz", ".tgz", ".zip", ".tar")
BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    zstd.ZstdError,
    EOFError,
    ValueError,
    RuntimeError,
)
"""The errors that a damaged archive raises, besides an ``OSError`` without a number."""
_BYTES_PER_CHUNK = 2**20


def suffix_of(path: Path, after: str = "") -> str:
    """The suffix that names the kind of archive, before the suffix ``after``.

    Raises:
        WorkspaceError: There is no such kind.
    """
    for suffix in SUFFIXES:
        if path.name.lower().endswith(suffix + after):
            return suffix
    *others, last = [suffix + after for suffix in SUFFIXES]
    raise WorkspaceError(f"{path}: name a file that ends in {', '.join(others)} or {last}")


@contextmanager
def create(suffix: str, raw: IO[bytes]) -> Iterator[Add]:
    """Open an archive for writing; yield a function that adds a member (name, size, content)."""
    if suffix == ".zip":
        with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:

            def add_to_zip(name: str, size: int, content: IO[bytes]) -> None:
                with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as out:
                    for chunk in iter(lambda: content.read(_BYTES_PER_CHUNK), b""):
                        out.write(chunk)

            yield add_to_zip
        return
    with _pack(suffix, raw) as packed, tarfile.open(fileobj=packed, mode="w|") as tar:

        def add_to_tar(name: str, size: int, content: IO[bytes]) -> None:
            info = tarfile.TarInfo(name)
            info.size = size
            tar.addfile(info, content)

        yield add_to_tar


@contextmanager
def _pack(suffix: str, raw: IO[bytes]) -> Iterator[IO[bytes]]:
    if suffix in (".tar.gz", ".tgz"):
        with gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as stream:
            yield cast("IO[bytes]", stream)
    elif suffix == ".tar.zst":  # with a checksum, which Zstandard leaves out by default
        options: dict[int, int] = {zstd.CompressionParameter.checksum_flag: 1}
        with zstd.ZstdFile(raw, "wb", options=options) as stream:
            yield cast("IO[bytes]", stream)
    else:
        yield raw


def members(suffix: str, raw: IO[bytes]) -> Iterator[tuple[str, IO[bytes]]]:
    """The members of an archive in their order, each with its content.

    The archive is read to its end, so that its own checksums are compared.

    Raises:
        ValueError: A member is not a plain file.
    """
    if suffix == ".zip":
        with zipfile.ZipFile(raw) as archive:
            for listed in archive.infolist():
                with archive.open(listed) as unzipped:
                    yield listed.filename, unzipped
        return
    with _unpack(suffix, raw) as packed:
        with tarfile.open(fileobj=packed, mode="r|") as tar:
            for info in tar:
                content = tar.extractfile(info) if info.isreg() else None
                if content is None:
                    raise ValueError(f"{info.name} is not a plain file")
                yield info.name, content
        while packed.read(_BYTES_PER_CHUNK):
            pass


@contextmanager
def _unpack(suffix: str, raw: IO[bytes]) -> Iterator[IO[bytes]]:
    if suffix in (".tar.gz", ".tgz"):
        with gzip.open(raw, "rb") as stream:
            yield cast("IO[bytes]", stream)
    elif suffix == ".tar.zst":
        with zstd.open(raw, "rb") as stream:
            yield cast("IO[bytes]", stream)
    else:
        yield raw
