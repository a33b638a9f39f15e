"""Embeddings in a folder: vectors, the row of each key, the scorer's tensors, a manifest."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from kg.embedding.config import KGEConfig
from kg.embedding.files import key_index as rows
from kg.embedding.files import vectors
from kg.embedding.training.state import Epoch
from kg.errors import EmbeddingError
from kg.files.atomic import recover, replace_folder
from kg.files.checksums import file_sha256

if TYPE_CHECKING:
    import torch

    from kg.embedding.scored_vectors import ScoredVectors

VectorsT = TypeVar("VectorsT", bound="ScoredVectors")

FORMAT_VERSION = 2
META, VECTORS, MODEL, ROWS = (
    "embeddings.json", "vectors.safetensors", "model.safetensors", "rows.db",
)  # fmt: skip


def save(embeddings: ScoredVectors, path: str | Path, precision: str) -> None:
    """Write embeddings to a folder atomically: a failure leaves what was there before.

    Raises:
        EmbeddingError: The precision is unknown, the folder holds other files, or it cannot be
            written.
    """
    folder = Path(path).absolute()
    if precision not in vectors.PRECISIONS:
        known = ", ".join(vectors.PRECISIONS)
        raise EmbeddingError(f"precision must be one of {known}, not {precision!r}")
    try:
        check_target(folder)
        with replace_folder(folder) as fresh:
            _write(embeddings, fresh, precision)
    except (OSError, ValueError, SafetensorError) as error:
        raise EmbeddingError(f"{folder}: cannot be written ({error})") from error


def check_target(folder: Path) -> None:
    """Refuse a folder that holds files other than embeddings.

    Raises:
        EmbeddingError: The folder holds other files.
        OSError: The folder cannot be read, or the path is a file.
    """
    names = {item.name for item in folder.iterdir()} if folder.exists() else set()
    strange = sorted(names - {META, VECTORS, MODEL, ROWS})
    if strange:
        raise EmbeddingError(
            f"{folder}: holds other files ({', '.join(strange[:3])}), which"
            " would be lost; move them, or name another folder"
        )


def _write(embeddings: ScoredVectors, folder: Path, precision: str) -> None:
    shape = len(embeddings), embeddings.dim
    vectors.write(folder / VECTORS, *shape, embeddings.chunks(), precision)
    rows.write(folder / ROWS, embeddings.keys)
    state = embeddings.scorer_state()
    if state is not None:
        save_file(state, folder / MODEL)
    calibration = embeddings.calibration
    meta: dict[str, Any] = {
        "format": FORMAT_VERSION,
        "fingerprint": embeddings.fingerprint,
        "revision": embeddings.revision,
        "config": None if embeddings.config is None else asdict(embeddings.config),
        "curve": [list(epoch) for epoch in embeddings.curve],
        "calibration": None if calibration is None else calibration.to_dict(),
        "entities": len(embeddings),
        "relations": list(embeddings.relations),
        "sha256": {
            name: file_sha256(folder / name) for name in (ROWS, MODEL) if (folder / name).exists()
        },
    }
    meta["checksum"] = _checksum(meta)
    (folder / META).write_text(json.dumps(meta, ensure_ascii=False), encoding="utf-8")


def load(kind: type[VectorsT], path: str | Path) -> VectorsT:
    """Open the embeddings in a folder.

    The checksums of small files are compared at once, those of the blocks of a large file when a
    block is first read.

    Raises:
        EmbeddingError: The folder has no embeddings, or they are damaged or of another format.
    """
    folder = Path(path)
    recover(folder)
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        if meta["format"] != FORMAT_VERSION:
            raise EmbeddingError(
                f"{folder}: format {meta['format']} is not {FORMAT_VERSION}, the one this version"
                " reads; train again"
            )
        if meta.pop("checksum") != _checksum(meta):
            raise EmbeddingError(f"{folder / META}: damaged (checksum differs); train again")
        for name, digest in meta["sha256"].items():
            if (folder / name).stat().st_size <= vectors.MAX_BYTES_CHECKED_AT_OPENING:
                _check(folder / name, digest)
        state = None
        if MODEL in meta["sha256"]:
            state = partial(_tensors, folder / MODEL, meta["sha256"][MODEL])
        if meta["calibration"] is not None:
            from kg.embedding.calibration import Calibration

            meta["calibration"] = Calibration.from_dict(meta["calibration"])
        return kind(
            rows.StoredKeyIndex(folder / ROWS, meta["entities"]),
            vectors.Vectors(folder / VECTORS),
            relations=meta["relations"],
            fingerprint=meta["fingerprint"],
            revision=meta["revision"],
            config=None if meta["config"] is None else KGEConfig(**meta["config"]),
            state=state,
            curve=[Epoch(*epoch) for epoch in meta["curve"]],
            calibration=meta["calibration"],
        )
    except FileNotFoundError as error:
        raise EmbeddingError(
            f"{folder}: no embeddings there ({error.filename}); train and save them first"
        ) from error
    except (OSError, ValueError, LookupError, TypeError, AttributeError, sqlite3.Error) as error:
        raise EmbeddingError(f"{folder}: cannot be read ({error}); train again") from error


def _tensors(path: Path, digest: str) -> dict[str, torch.Tensor]:
    try:
        _check(path, digest)
        tensors: dict[str, torch.Tensor] = load_file(path)
        return tensors
    except (OSError, SafetensorError) as error:
        raise EmbeddingError(f"{path}: cannot be read ({error}); train again") from error


def _check(path: Path, digest: str) -> None:
    if file_sha256(path) != digest:
        raise EmbeddingError(f"{path}: damaged, or replaced since (checksum differs); train again")


def _checksum(meta: dict[str, Any]) -> str:
    """SHA-256 of the content of ``embeddings.json``, by which a damaged file is recognised."""
    return hashlib.sha256(json.dumps(meta, sort_keys=True).encode()).hexdigest()
