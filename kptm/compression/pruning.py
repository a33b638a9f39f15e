"""Prunes whole feed-forward neurons, or single weights, by ``torch.nn.utils.prune``.

The importance of a neuron is the product of the lengths of its input and output weights. Every
layer loses the same number, so that the result is a model of the same family with a smaller width.

Shapes: F neurons, D hidden.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, cast

import torch.nn.utils.prune
from torch import nn

from kptm.compression.student import check_kind, copy_model, fuse_again
from kptm.errors import ConfigError
from kptm.fusion.backbones.backbone_parts import (
    encoder_layers,
    ffn_up_projection,
    out_features,
)
from kptm.fusion.backbones.lora import merged_state

if TYPE_CHECKING:
    from torch import Tensor

    from kptm.fusion import FusedModel

prune: Any = torch.nn.utils.prune  # without types
WIDTHS = ("intermediate_size", "hidden_dim", "n_inner", "ffn_dim")
"""Names of the feed-forward width in configurations."""


def prune_neurons(model: FusedModel, share: float) -> FusedModel:
    """A copy of a model without the least important of its feed-forward neurons.

    Args:
        model: The model, which is not changed.
        share: The share of each layer's neurons to remove.

    Raises:
        ConfigError: The share would remove no neuron or all.
        ModelError: The family has no feed-forward width that can be changed.
    """
    check_kind(model)
    layers = list(dict.fromkeys(encoder_layers(model.backbone)))
    width = out_features(ffn_up_projection(layers[0]))
    gone = round(share * width)
    if not 0 < gone < width:
        raise ConfigError(f"a share of {share:g} of {width} neurons removes {gone}; change it")
    state = merged_state(model.backbone)
    names = {id(part): name for name, part in model.backbone.named_modules()}
    for layer in layers:
        # A gated feed-forward part has two maps that widen, whose neurons go together.
        ups = [part for part in layer.modules() if _widths(part)[1:] == (width,)]
        downs = [part for part in layer.modules() if _widths(part)[:1] == (width,)]
        kept_F = _choose_neurons(ups, downs, gone)
        for part in (*ups, *downs):
            _cut(state, names[id(part)], kept_F, out=part in ups, turned=not _is_linear(part))
    config = copy.deepcopy(model.backbone.config)
    text = config.get_text_config()
    for name in WIDTHS:
        if getattr(text, name, None) == width or (name == "n_inner" and hasattr(text, name)):
            setattr(text, name, width - gone)
    return fuse_again(model, config, state)


def prune_weights(model: FusedModel, share: float) -> FusedModel:
    """A copy of a model with the smallest weights of all its layers set to zero.

    Args:
        model: The model, which is not changed.
        share: The share of the weights of linear layers to set to zero.

    Raises:
        ConfigError: The kind of fusion cannot be compressed.
    """
    check_kind(model)
    pruned = copy_model(model)
    layers = dict.fromkeys(encoder_layers(pruned.backbone))
    maps = [part for layer in layers for part in layer.modules() if _widths(part)]
    prune.global_unstructured(
        [(part, "weight") for part in maps], pruning_method=prune.L1Unstructured, amount=share
    )
    for part in maps:
        prune.remove(part, "weight")
    return pruned


def _is_linear(part: Any) -> bool:
    return isinstance(part, nn.Linear)


def _widths(part: Any) -> tuple[int, ...]:
    """Inputs and outputs of a linear layer; () for another module."""
    from transformers.pytorch_utils import Conv1D  # GPT-2's linear layer, (inputs, outputs)

    if not isinstance(part, nn.Linear | Conv1D):
        return ()
    rows, columns = part.weight.shape
    return (columns, rows) if isinstance(part, nn.Linear) else (rows, columns)


def _choose_neurons(ups: list[Any], downs: list[Any], gone: int) -> Tensor:
    """The numbers of the neurons to keep."""
    worth_F = torch.ones(())
    for part in (*ups, *downs):
        weight = part.weight.detach().float()
        # Neurons are the outputs of a map that widens and the inputs of one that narrows.
        by_rows = (part in ups) == _is_linear(part)
        worth_F = worth_F * weight.norm(dim=1 if by_rows else 0)
    layer = nn.Linear(1, len(worth_F), bias=False)
    # torch chooses the rows, with the importance of each neuron as its only weight.
    prune.ln_structured(
        layer, "weight", amount=gone, n=2, dim=0, importance_scores=worth_F[:, None].cpu()
    )
    kept_F: Tensor = cast("Tensor", layer.weight_mask)[:, 0].nonzero()[:, 0]
    return kept_F


def _cut(state: dict[str, Tensor], name: str, kept_F: Tensor, *, out: bool, turned: bool) -> None:
    """Keep a map's neurons: its outputs with their bias, or its inputs."""
    weight = state[f"{name}.weight"]
    state[f"{name}.weight"] = weight.index_select(int(out == turned), kept_F.to(weight.device))
    bias = state.get(f"{name}.bias")
    if out and bias is not None:
        state[f"{name}.bias"] = bias[kept_F.to(bias.device)]
