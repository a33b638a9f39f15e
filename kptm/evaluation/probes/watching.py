"""Reads the states of a model's layers and the attention of its heads, without changing it.

Shapes: B texts, L tokens, D hidden, H heads.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from kptm.data import collate
from kptm.errors import ModelError
from kptm.fusion.backbones.backbone import quiet_transformers
from kptm.fusion.backbones.backbone_parts import base_model, encoder_layers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import Tensor, nn

    from kptm.data import EncodedText
    from kptm.fusion import FusedModel

EMBEDDING, OUTPUT = "embedding", "output"
"""The input of the first layer, and the output after the last norm and its fusion."""

_INSTALLED = "_output_capturing_hooks_installed"
"""The attribute by which transformers marks a model with hooks for its outputs."""


@contextmanager
def eval_mode(model: nn.Module) -> Iterator[None]:
    """Put a model in evaluation mode without gradients; restore each module's mode afterwards."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, mode in modes.items():
            module.training = mode


@contextmanager
def layer_states(model: FusedModel) -> Iterator[list[Tensor]]:
    """A list that each forward pass fills with the states before the first and after each layer.

    Each state has shape (B, L, D). The hooks run after those of fusion, so that they see the input
    of the next layer. Clear the list between passes.
    """
    layers = encoder_layers(model.backbone)
    seen: list[Tensor] = []

    def enter(_layer: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]) -> None:
        if not seen:
            seen.append(inputs[0] if inputs else named["hidden_states"])

    def leave(_layer: nn.Module, _inputs: object, output: Any) -> None:
        seen.append(output[0] if isinstance(output, tuple) else output)

    handles = [layers[0].register_forward_pre_hook(enter, with_kwargs=True)]
    # ALBERT uses one layer many times.
    handles += [layer.register_forward_hook(leave) for layer in dict.fromkeys(layers)]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def layer_names(model: FusedModel) -> tuple[str, ...]:
    """The names of the states: "embedding", the layers from 1, "output"."""
    count = len(encoder_layers(model.backbone))
    return (EMBEDDING, *(str(number) for number in range(1, count + 1)), OUTPUT)


@contextmanager
def head_attention(model: FusedModel) -> Iterator[list[Tensor]]:
    """A list that each forward pass fills with the attention of each layer, shape (B, H, L, L).

    Only the "eager" implementation returns the weights, so it is set temporarily. The hooks that
    transformers leaves behind are removed, because a model with them cannot be pickled.
    """
    backbone = model.backbone
    seen: list[Tensor] = []

    def ask(
        _module: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return inputs, {**named, "output_attentions": True}

    def keep(_module: nn.Module, _inputs: object, output: Any) -> None:
        seen[:] = [each for each in output.attentions or () if each is not None]
        if not seen:
            raise ModelError(
                f"{type(backbone).__name__} does not show its attention; use a family whose"
                ' implementation can be set to "eager"'
            )

    before = backbone.config._attn_implementation
    hooks = {module: set(module._forward_hooks) for module in backbone.modules()}
    marked = {module for module in hooks if _INSTALLED in module.__dict__}
    handles = [
        base_model(backbone).register_forward_pre_hook(ask, with_kwargs=True),
        base_model(backbone).register_forward_hook(keep),
    ]
    try:
        with quiet_transformers():
            backbone.set_attn_implementation("eager")
        yield seen
    finally:
        for handle in handles:
            handle.remove()
        with quiet_transformers():
            backbone.set_attn_implementation(before)
        for module, known in hooks.items():
            for number in set(module._forward_hooks) - known:
                del module._forward_hooks[number]
            if module not in marked:
                module.__dict__.pop(_INSTALLED, None)


def batches(
    model: FusedModel, texts: Sequence[EncodedText], size: int, *, with_knowledge: bool
) -> Iterator[tuple[range, dict[str, Tensor]]]:
    """Yield batches: the numbers of their texts, and the model's inputs without labels."""
    for start in range(0, len(texts), size):
        numbers = range(start, min(start + size, len(texts)))
        part = [texts[number] for number in numbers]
        tensors = collate(part, model.pad_id, with_knowledge=with_knowledge).tensors()
        tensors.pop("target_places")
        yield numbers, {name: value.to(model.device) for name, value in tensors.items()}
