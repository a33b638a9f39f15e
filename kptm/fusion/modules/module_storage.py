"""A module on disk: its weights and configuration, without the backbone that it belongs to.

- ``module.safetensors``: the weights of the mechanism and of the entity head
- ``module.json``: configuration, the identity of the backbone and entities, types, checksums
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from kptm.errors import ConfigError, ModelError
from kptm.fusion.config import FusionConfig
from kptm.fusion.model_manifest import model_folder, read_manifest, seal

if TYPE_CHECKING:
    from kptm.fusion.fused_model import FusedModel
    from kptm.fusion.modules.fused_module import FusedModule

MODULE, WEIGHTS, FORMAT = "module.json", "module.safetensors", 1


def save_module(model: FusedModel, module: FusedModule, folder: str | Path) -> None:
    """Write a module atomically; an older one in the folder is replaced.

    Raises:
        ModelError: The folder cannot be written, or holds something else.
    """
    with model_folder(folder, MODULE) as fresh:
        state = {
            f"{part}.{name}": value.detach().cpu().contiguous()
            for part, own in (("fusion", module.fusion), ("head", module.head))
            for name, value in own.state_dict().items()
        }
        save_file(state, fresh / WEIGHTS)
        meta = {
            "format": FORMAT,
            "config": asdict(module.config),
            "model": shared_identity(model),
            "types": module.types,
        }
        seal(fresh, MODULE, meta, [fresh / WEIGHTS])


def read_module(
    model: FusedModel, folder: str | Path
) -> tuple[FusionConfig, dict[str, int], dict[str, torch.Tensor]]:
    """Read configuration, types and weights of a module of a model.

    Raises:
        ModelError: The folder is missing or damaged, or its module belongs to another model.
    """
    folder = Path(folder)
    try:
        meta = read_manifest(folder, MODULE, FORMAT)
        config = FusionConfig(**meta["config"])
        types = {str(name): int(count) for name, count in meta["types"].items()}
        state = load_file(folder / WEIGHTS)
        owner = meta["model"]
    except FileNotFoundError as error:
        raise ModelError(f"{folder}: no module there ({error.filename} is missing)") from error
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ModelError(f"{folder}: cannot be read ({error}); save the module again") from error
    except (SafetensorError, ConfigError) as error:
        raise ModelError(f"{folder}: its parts do not fit ({error})") from error
    if owner != shared_identity(model):
        raise ModelError(
            f"{folder}: this module was trained on another backbone or other entity vectors; train"
            " it again on this model"
        )
    return config, types, state


def shared_identity(model: FusedModel) -> str:
    """SHA-256 of what the modules of a model share: backbone, tokenizer and entity vectors."""
    digest = hashlib.sha256()
    for name, value in sorted(model.backbone.state_dict().items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        whole = value.detach().cpu().contiguous().reshape(-1)
        digest.update(whole.view(torch.uint8).numpy().tobytes())
    digest.update(json.dumps(sorted(model.tokenizer.get_vocab().items())).encode())
    digest.update(json.dumps(list(model.embeddings.keys)).encode())
    for rows in model.embeddings.chunks():
        digest.update(rows.tobytes())
    return digest.hexdigest()
