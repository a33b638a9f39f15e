"""Fused models by transformers' ``AutoModel``, once they are made known to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers import AutoConfig, AutoModel, PretrainedConfig

from kptm.fusion.fused_model import FusedModel

if TYPE_CHECKING:
    from pathlib import Path

MODEL_TYPE = "kptm"


class FusedModelConfig(PretrainedConfig):  # type: ignore[misc]
    """Says that a folder holds a fused model; how it is made stands in its ``kptm.json``."""

    model_type = MODEL_TYPE


class _Loader:
    """What ``AutoModel`` calls."""

    config_class = FusedModelConfig

    @classmethod
    def from_pretrained(
        cls, folder: str | Path, *_: Any, config: FusedModelConfig | None = None, **options: Any
    ) -> FusedModel:
        """Read a model; transformers' other arguments (where to download from) have no meaning."""
        return FusedModel.from_pretrained(folder)


def register_auto() -> None:
    """Make ``AutoModel.from_pretrained`` read our models; once a process is enough."""
    AutoConfig.register(MODEL_TYPE, FusedModelConfig, exist_ok=True)
    AutoModel.register(FusedModelConfig, _Loader, exist_ok=True)
