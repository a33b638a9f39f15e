"""Makes students: copies of a fused model with another backbone, or with 8-bit weights.

A student has its teacher's vectors and tokenizer, and starts from its fusion and entity head.
"""

from __future__ import annotations

import copy
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch

from kptm.errors import ConfigError, ModelError
from kptm.fusion import FusedModel
from kptm.fusion.backbones.fitness import FAILURES, check_fit
from kptm.fusion.backbones.int8 import (
    check_trainable,
    quantise_large_linears,
    quantise_modules,
)
from kptm.fusion.backbones.lora import merged_state
from kptm.fusion.backbones.origin import Origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import Tensor

KINDS = ("gated", "knowbert", "memory", "adapter")
"""Kinds of fusion that only read the outputs of layers, so that layers can be changed inside."""


def check_kind(model: FusedModel) -> None:
    """Refuse a model that cannot be compressed.

    Raises:
        ConfigError: The model's kind of fusion reads inside the layers.
        ModelError: The model already has 8-bit weights.
    """
    check_trainable(model.backbone)
    kind = model.fusion_config.kind
    if kind not in KINDS:
        raise ConfigError(
            f"models of the kinds {', '.join(KINDS)} can be compressed, but not {kind!r}"
        )


@contextmanager
def _refused_by_name(backbone: Any) -> Iterator[None]:
    """Turn errors of a family whose parts are not alike into one message."""
    try:
        yield
    except FAILURES as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(
            f"{type(backbone).__name__}: this family cannot be compressed in this way"
            f" ({type(error).__name__}: {reason})"
        ) from error


def fuse_again(
    model: FusedModel,
    config: Any,
    state: Mapping[str, Tensor],
    numbers: tuple[int, ...] | None = None,
    *,
    family: Any = None,
) -> FusedModel:
    """A model of the same fusion on another backbone.

    Args:
        model: The model whose fusion and entity head are copied.
        config: The configuration of the new backbone.
        state: Its weights.
        numbers: The layers after which knowledge enters; the same by default.
        family: The class of the new backbone; the same by default.

    Raises:
        ModelError: The weights do not fit: the family cannot be changed in this way.
    """
    family = family or type(model.backbone)
    with _refused_by_name(model.backbone):
        with torch.random.fork_rng(devices=[]):
            backbone = family(copy.deepcopy(config))
        backbone.load_state_dict(state)
    backbone.to(device=model.device, dtype=model.backbone.dtype).eval()
    fused = FusedModel(
        backbone,
        model.tokenizer,
        model.embeddings,
        replace(model.fusion_config, layers=numbers or model.fusion.numbers),
        model.facts,
    )
    own = {
        name: value
        for name, value in model.state_dict().items()
        if not name.startswith("backbone.")
    }
    with _refused_by_name(model.backbone):
        fused.load_state_dict(own, strict=False)
    fused.origin = Origin(trained=True)
    check_fit(fused)
    return fused.eval()


def copy_model(model: FusedModel) -> FusedModel:
    """The same model with weights of its own, LoRA merged into them."""
    return fuse_again(model, model.backbone.config, merged_state(model.backbone))


def quantise(model: FusedModel) -> FusedModel:
    """The model with linear layers and token embeddings in 8-bit numbers.

    In fusion and entity head, layers with a few thousand weights stay floats. The given model is
    not changed.

    Raises:
        ConfigError: Its kind of fusion reads inside the layers.
        ModelError: Its weights are 8-bit numbers already, or its family cannot have them.
    """
    check_kind(model)
    small = copy_model(model)
    with _refused_by_name(model.backbone):
        quantise_modules(small.backbone)
        quantise_large_linears(small.fusion)
        quantise_large_linears(small.head)
        ids = torch.tensor([[small.pad_id, small.pad_id]], device=small.device)
        small.token_logits(small.summary(ids, torch.ones_like(ids)))
    return small
