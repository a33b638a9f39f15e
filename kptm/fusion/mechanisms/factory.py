"""Builds the configured mechanism for a backbone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kptm.fusion.backbones.backbone_parts import (
    attention_heads,
    encoder_layers,
    ffn_up_projection,
    hidden_size,
    out_features,
)
from kptm.fusion.mechanisms.adapter import AdapterFusion
from kptm.fusion.mechanisms.entity_memory import MemoryFusion
from kptm.fusion.mechanisms.ernie import ErnieFusion
from kptm.fusion.mechanisms.gated import GatedFusion
from kptm.fusion.mechanisms.kbert import KBertFusion
from kptm.fusion.mechanisms.kblam import KBLamFusion
from kptm.fusion.mechanisms.knowbert import KnowBertFusion
from kptm.fusion.mechanisms.luke import LukeFusion
from kptm.fusion.mechanisms.mechanism import Mechanism, Sizes

if TYPE_CHECKING:
    from kptm.fusion.config import FusionConfig


def make_fusion(backbone: Any, entity: int, config: FusionConfig, relations: int = 0) -> Mechanism:
    """Build a mechanism.

    Args:
        backbone: The backbone.
        entity: E, the width of entity vectors.
        config: The mechanism and its layers.
        relations: Number of relations of the facts that "kblam" reads.

    Raises:
        ModelError: The mechanism does not support the backbone's family.
    """
    layers = encoder_layers(backbone)
    hidden = hidden_size(backbone)
    sizes = Sizes(
        hidden=hidden,
        entity=entity,
        layers=len(layers),
        heads=attention_heads(backbone),
        width=config.width or hidden,
    )
    match config.kind:
        case "ernie":
            return ErnieFusion(sizes, config.layers, out_features(ffn_up_projection(layers[0])))
        case "knowbert":
            return KnowBertFusion(sizes, config.layers)
        case "memory":
            return MemoryFusion(sizes, config.layers, config.memory_k)
        case "luke":
            return LukeFusion(sizes, layers, config.max_length)
        case "kbert":
            return KBertFusion(sizes, backbone)
        case "adapter":
            return AdapterFusion(sizes, config.layers)
        case "kblam":
            return KBLamFusion(sizes, config.layers, backbone, layers, relations)
        case _:
            return GatedFusion(sizes, config.layers)
