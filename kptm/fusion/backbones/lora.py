"""LoRA (Hu et al. 2022, equation 3) by peft: low-rank updates of the layers' frozen weights.

``W x`` becomes ``W x + (α / r) B A x`` with ``A`` (r, in) random and ``B`` (out, r) zero at the
start, so that the model starts as the backbone, to the bit. α is 2 r. LoRA is added to all linear
maps of all layers, not to the language-model head. It is saved in peft's format, so that
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

NAME, OWN, PREFIX = "default", ".lora_", "base_model.model."
"""peft's names: the only adapter, the mark of LoRA in weight names, their prefix in files."""
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
SCALE = 2
"""α / r."""
KINDS = ("gated", "knowbert", "memory", "kbert")
"""Kinds of fusion that read whole layers.

"ernie" and "luke" read maps inside the layers, and "adapter" has no gradient through them.
"""


def _peft() -> Any:
    try:
        import peft
    except ImportError as error:
        raise ConfigError('LoRA needs peft: pip install "kptm[lora]"') from error
    return peft


def add_lora(backbone: Any, rank: int, seed: int) -> None:
    """Add LoRA to all linear modules of the layers; other weights stay trained or frozen.

    Raises:
        ConfigError: peft is not installed.
    """
    peft = _peft()
    from transformers.pytorch_utils import Conv1D  # GPT-2's linear layer

    base = base_model(backbone)
    inside = {id(part) for layer in encoder_layers(backbone) for part in layer.modules()}
    names = {
        name: module
        for name, module in base.named_modules()
        if id(module) in inside and isinstance(module, nn.Linear | Conv1D)
    }
    config = peft.LoraConfig(
        r=rank,
        lora_alpha=SCALE * rank,
        target_modules=sorted(names),
        fan_in_fan_out=any(isinstance(module, Conv1D) for module in names.values()),
    )
    _inject(peft, base, config, seed)


def _inject(peft: Any, base: Any, config: Any, seed: int) -> None:
    learns = {id(weight): weight.requires_grad for weight in base.parameters()}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        peft.inject_adapter_in_model(config, base, NAME)
    for (
        weight
    ) in base.parameters():  # peft freezes the other weights; the trainer decides what is trained
        weight.requires_grad_(learns.get(id(weight), True))


def lora_rank(backbone: Any) -> int:
    """The rank of a backbone's LoRA; 0 without LoRA."""
    config = getattr(base_model(backbone), "peft_config", {}).get(NAME)
    return 0 if config is None else int(config.r)


def lora_weights(backbone: Any) -> list[nn.Parameter]:
    """The weights of LoRA by name."""
    return [weight for name, weight in base_model(backbone).named_parameters() if OWN in name]


@contextmanager
def without_lora(backbone: Any) -> Iterator[None]:
    """Disable LoRA temporarily; the layers then equal the backbone's, to the bit."""
    layers = [part for part in backbone.modules() if hasattr(part, "enable_adapters")]
    layers = [part for part in layers if hasattr(part, "base_layer")]
    for layer in layers:
        layer.enable_adapters(False)
    try:
        yield
    finally:
        for layer in layers:
            layer.enable_adapters(True)


def own_state(backbone: Any) -> dict[str, Tensor]:
    """The backbone's own weights by their own names, without LoRA."""
    return {
        name.replace(".base_layer.", "."): value
        for name, value in backbone.state_dict().items()
        if OWN not in name
    }


def merge_state(backbone: Any) -> dict[str, Tensor]:
    """The backbone's weights by their own names with LoRA added to them; copies."""
    state = {name: value.detach().clone() for name, value in own_state(backbone).items()}
    for name, module in backbone.named_modules():
        if hasattr(module, "get_delta_weight"):
            state[f"{name}.weight"] += module.get_delta_weight(NAME).detach()
    return state


def save_lora(backbone: Any, folder: Path) -> None:
    """Write configuration and weights, as peft does.

    Raises:
        OSError: They cannot be written.
    """
    base = base_model(backbone)
    folder.mkdir()
    state = _peft().get_peft_model_state_dict(base, adapter_name=NAME)
    save_file({f"{PREFIX}{name}": value.contiguous() for name, value in state.items()},
    folder / WEIGHTS)  # fmt: skip
    base.peft_config[NAME].save_pretrained(str(folder))


def load_lora(backbone: Any, folder: Path) -> None:
    """Add LoRA to the layers and read its weights.

    Raises:
        ConfigError: peft is not installed.
        OSError: They cannot be read.
        ValueError: They do not fit.
    """
    peft = _peft()
    base = base_model(backbone)
    _inject(peft, base, peft.LoraConfig.from_pretrained(str(folder)), 0)
    state = load_file(folder / WEIGHTS)
    found = peft.set_peft_model_state_dict(
        base, {name.removeprefix(PREFIX): value for name, value in state.items()}, NAME
    )
    missing = [name for name in found.missing_keys if OWN in name]
    if missing or found.unexpected_keys:
        raise ValueError(f"weights of LoRA are missing or are another model's ({folder})")
