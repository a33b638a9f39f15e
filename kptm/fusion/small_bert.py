"""The backbone's settings, and a small BERT that is trained from scratch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kptm.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class BackboneConfig:
    """The Transformer that knowledge is fused into.

    Attributes:
        path: A folder with a Hugging Face masked language model; "" takes a new small BERT with a
            vocabulary of the workspace's texts and the sizes below.
        layers: Layers of the small BERT.
        hidden: Its width.
        heads: Its attention heads.
        vocabulary: The maximum number of tokens of its vocabulary.
    """

    path: str = ""
    layers: int = 2
    hidden: int = 128
    heads: int = 4
    vocabulary: int = 8_000

    def __post_init__(self) -> None:
        for name, minimum in (("layers", 1), ("hidden", 1), ("heads", 1), ("vocabulary", 10)):
            if getattr(self, name) < minimum:
                raise ConfigError(f"{name} must be at least {minimum}, not {getattr(self, name)}")
        if self.hidden % self.heads:
            raise ConfigError(f"hidden ({self.hidden}) must be a multiple of heads ({self.heads})")


def small_bert(settings: BackboneConfig, vocabulary: int, max_length: int) -> Any:
    """A configuration of a small BERT that trains within minutes on two cores."""
    from transformers import BertConfig

    return BertConfig(
        vocab_size=vocabulary,
        hidden_size=settings.hidden,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        intermediate_size=2 * settings.hidden,
        max_position_embeddings=max_length,
    )
