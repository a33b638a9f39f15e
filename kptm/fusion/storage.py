"""A fused model on disk: plain transformers folders and safetensors, with checksums.

    backbone/            as transformers writes it, usable without kptm
    embeddings/          the entity table
    fusion.safetensors   what kptm adds
    kptm.json            configuration and checksums
    tokenizer files
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from kg.embedding import EntityEmbeddings
from kg.errors import EmbeddingError
from kptm.errors import ModelError
from kptm.fusion.config import FusionConfig

if TYPE_CHECKING:
    import torch

    from kptm.fusion.model import FusedModel

FORMAT = 1
META, WEIGHTS = "kptm.json", "fusion.safetensors"


def _own_state(model: FusedModel) -> dict[str, torch.Tensor]:
    return {
        name: value.contiguous()
        for name, value in model.state_dict().items()
        if not name.startswith("backbone.")
    }


def save(model: FusedModel, folder: str | Path) -> None:
    """Write the model; the folder appears whole or not at all."""
    folder = Path(folder)
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    model.backbone.save_pretrained(fresh / "backbone")
    model.tokenizer.save_pretrained(fresh / "backbone")
    model.embeddings.save(fresh / "embeddings")
    save_file(_own_state(model), fresh / WEIGHTS)
    meta = {
        "format": FORMAT,
        "config": asdict(model.fusion_config),
        "fingerprint": fingerprint(model),
        "sha256": {
            str(path.relative_to(fresh)): file_sha256(path)
            for path in sorted(fresh.rglob("*.safetensors"))
        },
    }
    (fresh / META).write_text(json.dumps(meta, indent=2), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def load(folder: str | Path) -> FusedModel:
    """Read a model.

    Raises:
        ModelError: The folder is missing, damaged, or of another kind.
    """
    from kptm.fusion.model import FusedModel

    folder = Path(folder)
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        if meta["format"] != FORMAT:
            raise ModelError(f"{folder}: format {meta['format']} is newer than this kptm; upgrade")
        for name, digest in meta["sha256"].items():
            if file_sha256(folder / name) != digest:
                raise ModelError(f"{folder / name}: damaged (checksum differs); save it again")
        config = FusionConfig(**meta["config"])
        embeddings = EntityEmbeddings.load(folder / "embeddings")
        model = FusedModel.build(str(folder / "backbone"), embeddings, config)
        missing, unexpected = model.load_state_dict(load_file(folder / WEIGHTS), strict=False)
    except FileNotFoundError as error:
        raise ModelError(f"{folder}: no fused model there ({error.filename} is missing)") from error
    except (OSError, ValueError, KeyError, TypeError, SafetensorError, EmbeddingError) as error:
        raise ModelError(f"{folder}: cannot be read ({error})") from error
    if unexpected or any(not name.startswith("backbone.") for name in missing):
        raise ModelError(f"{folder}: its weights are not those of its configuration")
    return model.eval()


def fingerprint(model: FusedModel) -> str:
    """SHA-256 of weights, configuration, tokenizer and entity table."""
    digest = hashlib.sha256(json.dumps(asdict(model.fusion_config), sort_keys=True).encode())
    digest.update(model.tokenizer.backend_tokenizer.to_str().encode())
    digest.update("\0".join(model.embeddings.keys).encode())
    for name, value in sorted([*model.state_dict().items(), ("table", model.entity_table)]):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal text."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
