"""The mechanism that a configuration names, built for a backbone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kptm.fusion.adapter import AdapterFusion
from kptm.fusion.backbone import encoder_layers, inner_map, out_width
from kptm.fusion.ernie import ErnieFusion
from kptm.fusion.gated import GatedFusion
from kptm.fusion.kbert import KBertFusion
from kptm.fusion.knowbert import KnowBertFusion
from kptm.fusion.luke import LukeFusion
from kptm.fusion.mechanism import Mechanism, Sizes
from kptm.fusion.memory import MemoryFusion

if TYPE_CHECKING:
    from kptm.fusion.config import FusionConfig


def make_fusion(backbone: Any, entity: int, config: FusionConfig) -> Mechanism:
    """Build a mechanism.

    Args:
        backbone: What it is to be attached to.
        entity: E, the width of entity vectors.
        config: Which, and where.

    Raises:
        ModelError: This kind cannot be attached to this family.
    """
    layers = encoder_layers(backbone)
    hidden = int(backbone.config.hidden_size)
    sizes = Sizes(
        hidden=hidden,
        entity=entity,
        layers=len(layers),
        heads=int(backbone.config.num_attention_heads),
        width=config.width or hidden,
    )
    match config.kind:
        case "ernie":
            return ErnieFusion(sizes, config.layers, out_width(inner_map(layers[0])))
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
        case _:
            return GatedFusion(sizes, config.layers)
