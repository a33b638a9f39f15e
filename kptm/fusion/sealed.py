"""A model's folder and the one file that seals it: what it is, with the checksums of all others."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError

from kg.checksums import file_sha256
from kg.errors import EmbeddingError
from kg.files.atomic import recover, replace_folder
from kptm.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def check_target(folder: Path, name: str) -> None:
    """Refuse a folder that a model cannot be written to; known before a training, it costs none.

    Raises:
        ModelError: It holds something else than a model that ``name`` seals, it or what it lies in is a file, or it cannot
            be written.
    """
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise ModelError(f"{folder}: cannot be written; name a folder of your own")
    if there == folder and any(folder.iterdir()) and not (folder / name).exists():
        raise ModelError(
            f"{folder}: holds something else, which would be lost; name a folder of its own"
        )


@contextmanager
def model_folder(folder: str | Path, name: str) -> Iterator[Path]:
    """A folder to write a model in, which ``name`` seals: it appears whole or not at all, a model in it is replaced.

    Raises:
        ModelError: It cannot be written, or holds something else.
    """
    folder = Path(folder).absolute()
    try:
        check_target(folder, name)
        with replace_folder(folder) as fresh:
            yield fresh
    except (OSError, SafetensorError, EmbeddingError) as error:
        raise ModelError(f"{folder}: cannot be written ({error})") from error


def seal(folder: Path, name: str, meta: dict[str, Any], files: Iterable[Path]) -> None:
    """Write ``meta`` with the checksums of files and its own to ``name``.

    Raises:
        OSError: It cannot be written.
    """
    digests = {path.relative_to(folder).as_posix(): file_sha256(path) for path in files}
    whole = {**meta, "sha256": digests}
    whole["checksum"] = _checksum(whole)
    (folder / name).write_text(json.dumps(whole, indent=2), encoding="utf-8")


def unsealed(folder: Path, name: str, format: int) -> dict[str, Any]:
    """What was sealed, after all checksums have been compared.

    Raises:
        ModelError: A file is damaged, or the format is another.
        OSError: A file is missing.
        ValueError: It is no JSON; so LookupError, TypeError and AttributeError where it is of another shape.
    """
    recover(folder)
    meta: dict[str, Any] = json.loads((folder / name).read_text(encoding="utf-8"))
    if meta["format"] != format:
        raise ModelError(
            f"{folder}: format {meta['format']} is not {format}, the one this version reads;"
            " save the model again"
        )
    if meta.pop("checksum") != _checksum(meta):
        raise ModelError(f"{folder / name}: damaged (checksum differs); save it again")
    for inside, digest in meta["sha256"].items():
        if file_sha256(folder / inside) != digest:
            raise ModelError(f"{folder / inside}: damaged (checksum differs); save it again")
    return meta


def _checksum(meta: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(meta, sort_keys=True).encode()).hexdigest()
