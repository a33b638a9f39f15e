"""Shares layers as in ALBERT (Lan et al. 2020): all layers have the same weights.

A BERT whose layers are all the same layer is an ALBERT whose token embeddings are as wide as its
layers, with the identity between them. So the result is transformers' own ``AlbertForMaskedLM``. It
is smaller, not faster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from kptm.compression.student import check_kind, fuse_again
from kptm.errors import ConfigError
from kptm.fusion.backbones.lora import merged_state

if TYPE_CHECKING:
    from torch import Tensor

    from kptm.fusion import FusedModel

LAYER, SHARED = "bert.encoder.layer.", "albert.encoder.albert_layer_groups.0.albert_layers.0."
INSIDE = {
    "attention.self.": "attention.",
    "attention.output.dense": "attention.dense",
    "attention.output.LayerNorm": "attention.LayerNorm",
    "intermediate.dense": "ffn",
    "output.dense": "ffn_output",
    "output.LayerNorm": "full_layer_layer_norm",
}
"""Names in a layer of BERT, and in ALBERT's."""
OUTSIDE = {
    "bert.embeddings.": "albert.embeddings.",
    "cls.predictions.transform.": "predictions.",
    "cls.predictions.": "predictions.",
}
SETTINGS = (
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "hidden_act",
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "max_position_embeddings",
    "type_vocab_size",
    "initializer_range",
    "layer_norm_eps",
    "pad_token_id",
    "bos_token_id",
    "eos_token_id",
)


def share_layers(model: FusedModel, layer: int | None = None) -> FusedModel:
    """A copy of a BERT whose layers all have one layer's weights, which then needs distillation.

    Args:
        model: The model, a BERT, which is not changed.
        layer: The number from 0 of the layer whose weights all layers get; None takes the middle.

    Raises:
        ConfigError: The backbone is not a BERT, or has no such layer.
    """
    from transformers import AlbertConfig, AlbertForMaskedLM

    check_kind(model)
    settings = model.backbone.config
    if settings.model_type != "bert":
        raise ConfigError(
            f"only a BERT can share layers, as ALBERT does; {type(model.backbone).__name__}"
            " is of another family"
        )
    count = settings.num_hidden_layers
    chosen = count // 2 if layer is None else layer
    if not 0 <= chosen < count:
        raise ConfigError(f"layer {chosen} is not among the model's 0–{count - 1}")
    config = AlbertConfig(
        embedding_size=settings.hidden_size,
        **{name: getattr(settings, name) for name in SETTINGS},
    )
    state = _of_albert(merged_state(model.backbone), chosen)
    width = settings.hidden_size
    state["albert.encoder.embedding_hidden_mapping_in.weight"] = torch.eye(width)
    state["albert.encoder.embedding_hidden_mapping_in.bias"] = torch.zeros(width)
    return fuse_again(model, config, state, family=AlbertForMaskedLM)


def _of_albert(state: dict[str, Tensor], chosen: int) -> dict[str, Tensor]:
    """The weights of a BERT by ALBERT's names, with the chosen layer only."""
    albert_state = {}
    for name, value in state.items():
        if name.startswith(LAYER):
            number, _, inside = name.removeprefix(LAYER).partition(".")
            if int(number) == chosen:
                old = next(old for old in INSIDE if inside.startswith(old))
                albert_state[SHARED + INSIDE[old] + inside.removeprefix(old)] = value
            continue
        old = next((old for old in OUTSIDE if name.startswith(old)), "")
        albert_state[OUTSIDE.get(old, "") + name.removeprefix(old)] = value
    return albert_state
