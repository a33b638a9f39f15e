"""Compares files with the checksums in the manifests of their folders."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.files.checksums import file_sha256
from kptm.fusion.model_manifest import MANIFESTS

if TYPE_CHECKING:
    from collections.abc import Iterator

EMBEDDINGS = "embeddings.json"


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; an empty one if there is none that can be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def problems_of(folder: Path, name: str, *, suffix: str = "") -> Iterator[str]:
    """The problems of the files in a manifest, one line each.

    Args:
        folder: The folder.
        name: The file with the manifest.
        suffix: The suffix that is added to a name in the manifest to get the file's name.
    """
    manifest = folder / name
    try:
        if not manifest.is_file():
            yield f"{manifest}: is missing"
            return
        content = json.loads(manifest.read_text(encoding="utf-8"))
        sums = {str(file): str(digest) for file, digest in content["sha256"].items()}
        whole = content.pop("checksum", None)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        yield f"{manifest}: cannot be read ({error})"
        return
    # The manifest of the linker's index has no checksum of itself.
    own = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    if whole is not None and whole != own:
        yield f"{manifest}: differs from its checksum"
    for file, digest in sums.items():
        yield from _problem_of(folder, file + suffix, digest)


def _problem_of(folder: Path, name: str, digest: str) -> Iterator[str]:
    path = folder / name
    if Path(name).is_absolute() or ".." in Path(name).parts:
        yield f"{folder}: its manifest names {name!r}, which is outside of the folder"
        return
    try:
        if not path.is_file():
            yield f"{path}: is missing, or is not a plain file"
        elif file_sha256(path) != digest:
            yield f"{path}: differs from its checksum"
    except OSError as error:
        yield f"{path}: cannot be read ({error.strerror})"


def manifest_in(folder: Path) -> str | None:
    """The name of a model's manifest in a folder, None without one."""
    return next((name for name in MANIFESTS if (folder / name).exists()), None)
