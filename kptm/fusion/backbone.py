"""Any Hugging Face masked language model as a backbone: built, looked into, never changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from kptm.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence


def build_backbone(backbone: Any, seed: int) -> Any:
    """A masked language model from a folder, a Hugging Face config, or a model.

    Raises:
        ModelError: The folder holds no such model, or the model has no language-model head.
    """
    from transformers import AutoModelForMaskedLM, PretrainedConfig, PreTrainedModel

    if isinstance(backbone, str | Path):
        try:
            return AutoModelForMaskedLM.from_pretrained(
                str(backbone), trust_remote_code=False, local_files_only=Path(backbone).exists()
            )
        except (OSError, ValueError) as error:
            raise ModelError(f"{backbone}: no masked language model there ({error})") from error
    if isinstance(backbone, PretrainedConfig):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            try:
                return AutoModelForMaskedLM.from_config(backbone, trust_remote_code=False)
            except ValueError as error:
                raise ModelError(
                    f"{type(backbone).__name__}: no masked language model ({error})"
                ) from error
    if isinstance(backbone, PreTrainedModel):
        if backbone.get_output_embeddings() is None:
            raise ModelError(
                f"{type(backbone).__name__} has no language-model head; take its ForMaskedLM class"
            )
        return backbone
    raise ModelError(
        f"a backbone is a path, a Hugging Face config or a model, not {type(backbone).__name__}"
    )


def encoder_layers(backbone: Any) -> Sequence[nn.Module]:
    """The stack of Transformer layers, found by its length, not by the family's name.

    Raises:
        ModelError: There is no such stack, or more than one.
    """
    count = getattr(backbone.config, "num_hidden_layers", None)
    stacks = [
        module
        for module in backbone.modules()
        if isinstance(module, nn.ModuleList) and len(module) == count
    ]
    if len(stacks) != 1:
        raise ModelError(
            f"{type(backbone).__name__}: found {len(stacks)} stacks of {count} layers, need one;"
            " this family cannot be wrapped yet"
        )
    return stacks[0]  # type: ignore[return-value]


def max_positions(backbone: Any, wanted: int) -> int:
    """How many tokens a text may have: ``wanted`` or what the backbone has positions for."""
    positions = getattr(backbone.config, "max_position_embeddings", wanted)
    if backbone.config.model_type in ("roberta", "xlm-roberta", "camembert"):
        positions -= (backbone.config.pad_token_id or 0) + 1  # their positions begin behind padding
    return int(min(wanted, positions))
