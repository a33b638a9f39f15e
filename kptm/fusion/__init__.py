"""Fusion: entity vectors meet hidden states inside the layers of a Hugging Face Transformer."""

from kptm.fusion.config import FusionConfig
from kptm.fusion.model import FusedModel, FusedOutput

__all__ = ["FusedModel", "FusedOutput", "FusionConfig"]
