"""A model's folder and its manifest, which has settings and checksums of all files."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.errors import EmbeddingError
from kg.files.atomic import recover, replace_folder
from kg.files.checksums import file_sha256
from kptm.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


MANIFESTS = ("kptm.json", "finetuned.json", "onnx.json", "manifest.json", "module.json")
"""Names of manifests."""

EDITABLE = ("README.md",)
"""Files of a model that users may edit; their checksums are not verified."""


def own_files(folder: Path) -> set[Path]:
    """The files in a folder's manifest, the manifest itself, and the files of nested manifests."""
    files: set[Path] = set()
    for name in MANIFESTS:
        listed = _listed_files(folder / name)
        if listed is None:
            continue
        files.add(folder / name)
        for inside in listed:
            path = folder / inside
            files.add(path)
            if path.name in MANIFESTS:
                files |= own_files(path.parent)
    return files


def _listed_files(manifest: Path) -> list[str] | None:
    """The files that a manifest lists; None without a manifest."""
    try:
        content: Any = json.loads(manifest.read_text(encoding="utf-8"))
        names = [str(name) for name in content["sha256"]]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return [name for name in names if not Path(name).is_absolute() and ".." not in Path(name).parts]


def check_target(folder: Path, name: str) -> None:
    """Check before training that a model can be written to a folder.

    Raises:
        ModelError: The folder holds something other than a model with the manifest ``name``, cannot
            be written, or is a file or in one.
    """
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise ModelError(f"{folder}: cannot be written; choose a folder that can be written")
    if there == folder and any(folder.iterdir()) and not (folder / name).exists():
        raise ModelError(
            f"{folder}: holds something else, which would be lost; choose a new or empty folder"
        )
    if there == folder:
        own = own_files(folder)
        other = sorted(
            str(path.relative_to(folder))
            for path in folder.rglob("*")
            if path not in own and (path.is_symlink() or not path.is_dir())
        )
        if other:
            raise ModelError(
                f"{folder}: holds other files ({', '.join(other[:3])}), which would be lost;"
                " move them, or name another folder"
            )


@contextmanager
def model_folder(folder: str | Path, name: str) -> Iterator[Path]:
    """Write a model's folder with the manifest ``name``, atomically, in place of an older model.

    Raises:
        ModelError: The folder cannot be written, or holds something else.
    """
    from safetensors import SafetensorError  # the names of manifests are read without models

    folder = Path(folder).absolute()
    try:
        check_target(folder, name)
        with replace_folder(folder) as fresh:
            yield fresh
    except (OSError, SafetensorError, EmbeddingError) as error:
        raise ModelError(f"{folder}: cannot be written ({error})") from error


def seal(folder: Path, name: str, meta: dict[str, Any], files: Iterable[Path]) -> None:
    """Write the manifest ``name``: ``meta``, the checksum of each file, and that of the manifest.

    Raises:
        OSError: The manifest cannot be written.
    """
    digests = {path.relative_to(folder).as_posix(): file_sha256(path) for path in files}
    whole = {**meta, "sha256": digests}
    whole["checksum"] = _checksum(whole)
    (folder / name).write_text(json.dumps(whole, indent=2), encoding="utf-8")


def read_manifest(folder: Path, name: str, format: int) -> dict[str, Any]:
    """Read a manifest after comparing all checksums.

    Raises:
        ModelError: A file is damaged, or the version of the format differs.
        OSError: A file is missing.
        ValueError: The manifest is not JSON; JSON of another shape raises LookupError, TypeError or
            AttributeError.
    """
    recover(folder)
    meta: dict[str, Any] = json.loads((folder / name).read_text(encoding="utf-8"))
    if meta["format"] != format:
        raise ModelError(
            f"{folder}: has format {meta['format']}, and this version reads format {format};"
            " save the model again"
        )
    if meta.pop("checksum") != _checksum(meta):
        raise ModelError(f"{folder / name}: damaged (checksum differs); save the model again")
    for inside, digest in meta["sha256"].items():
        if inside in EDITABLE:
            continue
        if file_sha256(folder / inside) != digest:
            raise ModelError(f"{folder / inside}: damaged (checksum differs); save the model again")
    return meta


def _checksum(meta: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(meta, sort_keys=True).encode()).hexdigest()
