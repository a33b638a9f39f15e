"""Fusion: entity vectors meet hidden states inside the layers of a Hugging Face Transformer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kptm.fusion.auto import register_auto
    from kptm.fusion.config import FusionConfig
    from kptm.fusion.fused_model import FusedModel, FusedOutput

__all__ = ["FusedModel", "FusedOutput", "FusionConfig", "register_auto"]
_HOMES = {
    "kptm.fusion.auto": ("register_auto",),
    "kptm.fusion.config": ("FusionConfig",),
    "kptm.fusion.fused_model": (
        "FusedModel",
        "FusedOutput",
    ),
}
__getattr__ = lazy(__name__, _HOMES)
