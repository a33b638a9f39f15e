"""Fusion: entity vectors meet hidden states inside the layers of a Hugging Face Transformer.

Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kptm.fusion.auto import register_auto
    from kptm.fusion.config import FusionConfig
    from kptm.fusion.decoding.name_decoding import NameScore, generate_names
    from kptm.fusion.entity_head import EntityHead
    from kptm.fusion.entity_table import EntityTable
    from kptm.fusion.export.hub import HubClient, push_to_hub
    from kptm.fusion.export.onnx_graph import export_onnx
    from kptm.fusion.export.onnx_model import OnnxModel
    from kptm.fusion.facts.fact_citations import (
        CitedText,
        FactWeight,
        attended_facts,
        generate_with_facts,
    )
    from kptm.fusion.fused_model import FusedModel
    from kptm.fusion.fused_output import FusedOutput
    from kptm.fusion.mechanisms.mechanism import Branches, Mechanism, MentionKnowledge
    from kptm.fusion.modules.fused_module import FusedModule
    from kptm.fusion.modules.modular_model import ModularModel
    from kptm.fusion.small_bert import BackboneConfig

__all__ = [
    "BackboneConfig",
    "Branches",
    "CitedText",
    "EntityHead",
    "EntityTable",
    "FactWeight",
    "FusedModel",
    "FusedModule",
    "FusedOutput",
    "FusionConfig",
    "HubClient",
    "Mechanism",
    "MentionKnowledge",
    "ModularModel",
    "NameScore",
    "OnnxModel",
    "attended_facts",
    "export_onnx",
    "generate_names",
    "generate_with_facts",
    "push_to_hub",
    "register_auto",
]
_HOMES = {
    "kptm.fusion.facts.fact_citations": (
        "CitedText",
        "FactWeight",
        "attended_facts",
        "generate_with_facts",
    ),
    "kptm.fusion.auto": ("register_auto",),
    "kptm.fusion.config": ("FusionConfig",),
    "kptm.fusion.decoding.name_decoding": ("NameScore", "generate_names"),
    "kptm.fusion.entity_head": ("EntityHead",),
    "kptm.fusion.entity_table": ("EntityTable",),
    "kptm.fusion.export.hub": ("HubClient", "push_to_hub"),
    "kptm.fusion.export.onnx_graph": ("export_onnx",),
    "kptm.fusion.export.onnx_model": ("OnnxModel",),
    "kptm.fusion.fused_model": ("FusedModel",),
    "kptm.fusion.fused_output": ("FusedOutput",),
    "kptm.fusion.mechanisms.mechanism": ("Branches", "Mechanism", "MentionKnowledge"),
    "kptm.fusion.modules.fused_module": ("FusedModule",),
    "kptm.fusion.modules.modular_model": ("ModularModel",),
    "kptm.fusion.small_bert": ("BackboneConfig",),
}
__getattr__, __dir__ = lazy(__name__, _HOMES)
