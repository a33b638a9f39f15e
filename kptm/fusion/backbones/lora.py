"""LoRA (Hu et al. 2022, equation 3) by peft: low-rank updates of the layers' frozen weights.

``W x`` becomes ``W x + (α / r) B A x`` with α = 2 r. At the start ``A``, of shape (r, in), is
random and ``B``, of shape (out, r), is zero, so that the model computes exactly what the backbone
does. LoRA is added to all linear modules of all layers, but not to the language-model head. It is
saved in peft's format, so that
``peft.PeftModel.from_pretrained(AutoModel.from_pretrained("backbone/"), "lora/")`` reads it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from kptm.errors import ConfigError
from kptm.fusion.backbones.backbone_parts import base_model, encoder_layers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from torch import Tensor

ADAPTER = "default"
"""peft's name for the adapter; there is only one."""
LORA_MARK = ".lora_"
"""The part of their names by which LoRA's weights are recognised."""
PREFIX = "base_model.model."
"""The prefix of weight names in peft's files."""
WEIGHTS = "adapter_model.safetensors"
ALPHA_PER_RANK = 2
"""α / r."""
KINDS = ("gated", "knowbert", "memory", "kbert")
"""The kinds of fusion that can be combined with LoRA.

The others reach inside the layers ("ernie", "luke", "kblam"), or pass no gradient back to them
("adapter").
"""


def _peft() -> Any:
    try:
        import peft
    except ImportError as error:
        raise ConfigError('LoRA needs peft: pip install "kptm[lora]"') from error
    return peft


def add_lora(backbone: Any, rank: int, seed: int) -> None:
    """Add LoRA to all linear modules of the layers; all other weights stay as trainable as before.

    Args:
        backbone: A Hugging Face model, which is changed in place.
        rank: The rank r of the updates.
        seed: The seed of ``A``.

    Raises:
        ConfigError: peft is not installed.
    """
    peft = _peft()
    from transformers.pytorch_utils import Conv1D  # GPT-2's linear layer

    base = base_model(backbone)
    in_layers = {id(module) for layer in encoder_layers(backbone) for module in layer.modules()}
    linear = {
        name: module
        for name, module in base.named_modules()
        if id(module) in in_layers and isinstance(module, nn.Linear | Conv1D)
    }
    config = peft.LoraConfig(
        r=rank,
        lora_alpha=ALPHA_PER_RANK * rank,
        target_modules=sorted(linear),
        fan_in_fan_out=any(isinstance(module, Conv1D) for module in linear.values()),
    )
    _inject(peft, base, config, seed)


def _inject(peft: Any, base: Any, config: Any, seed: int) -> None:
    trainable = {id(weight): weight.requires_grad for weight in base.parameters()}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        peft.inject_adapter_in_model(config, base, ADAPTER)
    # peft freezes the other weights, but the trainer decides what is trained.
    for weight in base.parameters():
        weight.requires_grad_(trainable.get(id(weight), True))


def lora_rank(backbone: Any) -> int:
    """The rank of a backbone's LoRA; 0 without LoRA."""
    config = getattr(base_model(backbone), "peft_config", {}).get(ADAPTER)
    return 0 if config is None else int(config.r)


def lora_weights(backbone: Any) -> list[nn.Parameter]:
    """The weights ``A`` and ``B`` of all layers; empty without LoRA."""
    return [weight for name, weight in base_model(backbone).named_parameters() if LORA_MARK in name]


@contextmanager
def without_lora(backbone: Any) -> Iterator[None]:
    """Disable LoRA in the block, in which the layers compute exactly what the backbone does.

    Afterwards LoRA is as before: enabled or not, and each weight trainable or frozen.
    """
    # The backbone has a method enable_adapters too; only a layer with LoRA has a base layer.
    layers = [part for part in backbone.modules() if hasattr(part, "base_layer")]
    was_disabled = [layer.disable_adapters for layer in layers]
    # enable_adapters also freezes the weights, or makes all of them trainable.
    was_trainable = [(weight, weight.requires_grad) for weight in lora_weights(backbone)]
    for layer in layers:
        layer.enable_adapters(False)
    try:
        yield
    finally:
        for layer, disabled in zip(layers, was_disabled, strict=True):
            layer.enable_adapters(not disabled)
        for weight, trainable in was_trainable:
            weight.requires_grad_(trainable)


def state_without_lora(backbone: Any) -> dict[str, Tensor]:
    """The backbone's weights without LoRA, by the names that they have in the plain backbone."""
    return {
        name.replace(".base_layer.", "."): value
        for name, value in backbone.state_dict().items()
        if LORA_MARK not in name
    }


def merged_state(backbone: Any) -> dict[str, Tensor]:
    """Copies of the backbone's weights with LoRA added, by their names in the plain backbone."""
    state = {name: value.detach().clone() for name, value in state_without_lora(backbone).items()}
    for name, module in backbone.named_modules():
        if hasattr(module, "get_delta_weight"):
            state[f"{name}.weight"] += module.get_delta_weight(ADAPTER).detach()
    return state


def save_lora(backbone: Any, folder: Path) -> None:
    """Create a folder with LoRA's configuration and weights, as peft writes them.

    Raises:
        OSError: The folder exists, or cannot be written.
    """
    base = base_model(backbone)
    folder.mkdir()
    state = _peft().get_peft_model_state_dict(base, adapter_name=ADAPTER)
    save_file({f"{PREFIX}{name}": value.contiguous() for name, value in state.items()},
    folder / WEIGHTS)  # fmt: skip
    base.peft_config[ADAPTER].save_pretrained(str(folder))


def load_lora(backbone: Any, folder: Path) -> None:
    """Add LoRA to the layers and read its weights.

    Raises:
        ConfigError: peft is not installed.
        OSError: The files cannot be read.
        ValueError: The files have too few weights for the layers, or others.
        RuntimeError: A weight has another shape than in the layers.
    """
    peft = _peft()
    base = base_model(backbone)
    # Any seed will do, because the random weights are replaced by those of the file.
    _inject(peft, base, peft.LoraConfig.from_pretrained(str(folder)), 0)
    state = load_file(folder / WEIGHTS)
    loaded = peft.set_peft_model_state_dict(
        base, {name.removeprefix(PREFIX): value for name, value in state.items()}, ADAPTER
    )
    missing = [name for name in loaded.missing_keys if LORA_MARK in name]
    if missing or loaded.unexpected_keys:
        raise ValueError(f"weights of LoRA are missing or are another model's ({folder})")
