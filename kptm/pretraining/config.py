"""How a fused model is pretrained."""

from __future__ import annotations

from dataclasses import dataclass

from kptm.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class PretrainConfig:
    """Settings of one pretraining.

    Attributes:
        steps: Optimiser steps.
        batch_size: Texts a step.
        learning_rate: Peak of AdamW, after a warm-up of 6% it falls linearly.
        weight_decay: Of AdamW.
        entity_weight: Weight of entity prediction beside masked language modelling (weight 1).
        entity_negatives: Entities that a batch draws beside its right ones for entity prediction (a sampled softmax);
            0 scores all of them, which a table of a million rows is too large for.
        entity_rate: Share of texts with links in which one entity is masked.
        collapse_rate: Share of masked entities that become a single mask token, as in a question;
            the others keep a mask for each token, which the language model has to fill.
        token_rate: Share of the other tokens that are masked for the language model.
        use_knowledge: False pretrains without injecting vectors: the control arm.
        checkpoint_every: Steps between checkpoints; 0 makes none.
        keep_checkpoints: How many are kept.
        log_every: Steps between points of the loss curves; the last step has one too.
        seed: One seed, one result.
    """

    steps: int = 1_000
    batch_size: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    entity_weight: float = 1.0
    entity_negatives: int = 0
    entity_rate: float = 0.8
    collapse_rate: float = 0.7
    token_rate: float = 0.15
    use_knowledge: bool = True
    checkpoint_every: int = 0
    keep_checkpoints: int = 2
    log_every: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "log_every", "keep_checkpoints"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, not {getattr(self, name)}")
        for name in (
            "checkpoint_every",
            "entity_negatives",
            "entity_weight",
            "weight_decay",
            "seed",
        ):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"{name} must be at least 0, not {getattr(self, name)}")
        for name in ("entity_rate", "collapse_rate", "token_rate"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} must be between 0 and 1, not {getattr(self, name)}")
        if not self.learning_rate > 0:
            raise ConfigError(f"learning_rate must be above 0, not {self.learning_rate}")
