"""Registers fused models with transformers' ``AutoModel``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers import AutoConfig, AutoModel, PretrainedConfig

from kptm.fusion.fused_model import FusedModel

if TYPE_CHECKING:
    from pathlib import Path

MODEL_TYPE = "kptm"


class FusedModelConfig(PretrainedConfig):  # type: ignore[misc]
    """The configuration that marks a folder as a fused model; its settings are in ``kptm.json``."""

    model_type = MODEL_TYPE


class _Loader:
    """The class that ``AutoModel`` instantiates."""

    config_class = FusedModelConfig

    @classmethod
    def from_pretrained(
        cls, folder: str | Path, *_: Any, config: FusedModelConfig | None = None, **options: Any
    ) -> FusedModel:
        """Read a model; other arguments of transformers, such as download options, are ignored."""
        return FusedModel.from_pretrained(folder)


def register_auto() -> None:
    """Let ``AutoModel.from_pretrained`` read fused models; call it once per process."""
    AutoConfig.register(MODEL_TYPE, FusedModelConfig, exist_ok=True)
    AutoModel.register(FusedModelConfig, _Loader, exist_ok=True)
