"""A fused model on disk: plain transformers folders and safetensors, with checksums.

- ``backbone/``: model and tokenizer as transformers writes them, usable without kptm; 8-bit weights
  are in ``int8.safetensors`` instead, which transformers cannot read
- ``lora/``: LoRA as peft writes it, if the backbone has it
- ``embeddings/``: the entity vectors
- ``fusion.safetensors``: all other weights, those of the fusion and of the entity head, floats or
  8-bit numbers
- ``facts.jsonl``: facts of entities as text or triples, for kinds of fusion that read them
- ``config.json``: marks the folder for transformers, see ``kptm/fusion/auto.py``
- ``README.md``: the model card, which may be edited
- ``kptm.json``: configuration, metrics and checksums
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from kg.embedding import EntityEmbeddings
from kg.errors import EmbeddingError
from kptm.data.fact_triples import FactTriples
from kptm.data.verbalisation import EntityFacts
from kptm.errors import ConfigError, ModelError
from kptm.fusion.backbones.backbone import build_backbone, quiet_transformers
from kptm.fusion.backbones.int8 import expect_int8, is_int8, load_int8, save_int8
from kptm.fusion.backbones.lora import load_lora, lora_rank, save_lora, state_without_lora
from kptm.fusion.backbones.origin import Origin
from kptm.fusion.backbones.tokenizer import read_tokenizer
from kptm.fusion.config import FusionConfig
from kptm.fusion.export.model_card import CARD, model_card
from kptm.fusion.model_manifest import model_folder, read_manifest, seal
from kptm.fusion.modules.stacked_fusion import FusionStack

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from kptm.fusion.parts import Facts, FusedParts

Model = TypeVar("Model", bound="FusedParts")
FORMAT = 1
"""The version of the folder's layout."""
META, WEIGHTS, FACTS, LORA = "kptm.json", "fusion.safetensors", "facts.jsonl", "lora"


def save(model: FusedParts, folder: str | Path) -> None:
    """Write the model atomically; an older model in the folder is replaced.

    Raises:
        ModelError: The folder cannot be written, or has other content; or the model does not have
            exactly one active module.
    """
    if isinstance(model.fusion, FusionStack):  # none or several
        raise ModelError(
            "a model is saved with one active module; activate one with set_adapter, and save the"
            " others with save_adapter"
        )
    with model_folder(folder, META) as fresh:
        _write(model, fresh)


def _write(model: FusedParts, folder: Path) -> None:
    _write_backbone(model.backbone, folder)
    model.tokenizer.save_pretrained(folder / "backbone")
    model.embeddings.save(folder / "embeddings")
    save_file(_fusion_state(model), folder / WEIGHTS)
    (folder / "config.json").write_text('{"model_type": "kptm"}\n', encoding="utf-8")
    if model.facts is not None:
        model.facts.save(folder / FACTS)
    (folder / CARD).write_text(model_card(model), encoding="utf-8")
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    meta = {
        "format": FORMAT,
        "config": asdict(model.fusion_config),
        "fingerprint": model.fingerprint(),
        "origin": asdict(model.origin),
        "int8": is_int8(model.backbone),
        "figures": model.figures,
    }
    seal(folder, META, meta, files)


def _write_backbone(backbone: Any, folder: Path) -> None:
    if is_int8(backbone):
        save_int8(backbone, folder / "backbone")
        return
    has_lora = lora_rank(backbone) > 0
    with quiet_transformers():
        state = state_without_lora(backbone) if has_lora else None
        backbone.save_pretrained(folder / "backbone", state_dict=state)
    if has_lora:
        save_lora(backbone, folder / LORA)


def _fusion_state(model: FusedParts) -> dict[str, torch.Tensor]:
    """The weights that are not the backbone's."""
    return {
        name: value.contiguous()
        for name, value in model.state_dict().items()
        if not name.startswith("backbone.")
    }


def load(folder: str | Path, assemble: Callable[..., Model]) -> Model:
    """Read a model.

    Args:
        folder: A folder that :func:`save` wrote.
        assemble: :meth:`kptm.FusedModel.assemble`, which builds the model from its parts.

    Raises:
        ModelError: The folder is missing, damaged, or has other content; or the model has LoRA, but
            peft is not installed.
    """
    folder = Path(folder)
    try:
        meta = read_manifest(folder, META, FORMAT)
        config = FusionConfig(**meta["config"])
        embeddings = EntityEmbeddings.load(folder / "embeddings")
        facts: Facts | None = None
        if FACTS in meta["sha256"]:
            kind = FactTriples if config.reads_triples else EntityFacts
            facts = kind.load(folder / FACTS)
        with quiet_transformers():
            if meta.get("int8"):
                tokenizer = read_tokenizer(folder / "backbone")
                backbone = _read_int8(folder / "backbone", config.seed)
                model = assemble(backbone, embeddings, config, tokenizer=tokenizer, facts=facts)
            else:
                model = assemble(str(folder / "backbone"), embeddings, config, facts=facts)
        if any(name.startswith(f"{LORA}/") for name in meta["sha256"]):
            _read_lora(model.backbone, folder / LORA)
        model.origin = Origin(**meta.get("origin", {}))
        model.figures = dict(meta.get("figures", {}))
        state = load_file(folder / WEIGHTS)
        expect_int8(model, state)
        missing, unexpected = model.load_state_dict(state, strict=False)
    except FileNotFoundError as error:
        raise ModelError(f"{folder}: no fused model there ({error.filename} is missing)") from error
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise ModelError(f"{folder}: cannot be read ({error}); save the model again") from error
    except (RuntimeError, SafetensorError, EmbeddingError, ConfigError) as error:
        raise ModelError(f"{folder}: its parts do not fit together ({error})") from error
    if unexpected or any(not name.startswith("backbone.") for name in missing):
        raise ModelError(f"{folder}: its weights do not match its configuration")
    model.eval()
    return model


def _read_int8(folder: Path, seed: int) -> Any:
    from transformers import AutoConfig

    settings = AutoConfig.from_pretrained(
        str(folder), trust_remote_code=False, local_files_only=True
    )
    backbone, _ = build_backbone(settings, seed)
    load_int8(backbone, folder)
    return backbone.eval()


def _read_lora(backbone: Any, folder: Path) -> None:
    try:
        load_lora(backbone, folder)
    except ConfigError as error:  # nothing is wrong with the folder: peft is not installed
        raise ModelError(f"{folder}: {error}") from error
