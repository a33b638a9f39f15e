"""How a fused model is fine-tuned."""

from __future__ import annotations

from dataclasses import dataclass

from kg.seeds import seed_problem
from kptm.errors import ConfigError

TASKS = ("relation", "typing", "tokens", "text")
NARROW, NARROW_RATE, WIDE_RATE = 256, 1e-3, 5e-5
"""Backbones below this width, which had little or no pretraining, want larger steps (Devlin et al.

2019 for the others).
"""


@dataclass(frozen=True, kw_only=True)
class FinetuneConfig:
    """Settings of one fine-tuning.

    Attributes:
        epochs: Passes over the rows.
        steps: Optimiser steps instead of epochs; 0 goes by epochs.
        batch_size: Rows a step.
        learning_rate: Peak of AdamW, after a warm-up of 6% it falls linearly; 0 takes 5e-5, or 1e-3
            where the backbone is narrower than 256 and its weights were random at first.
        weight_decay: Of AdamW.
        dropout: Of what the classifier reads.
        threshold: From which p on "typing" gives a type.
        use_knowledge: False injects no vector, in training and ever after: the control arm.
        log_every: Steps between points of the loss curve; the last step has one too.
        device: "auto" trains on the accelerator if there is one, "cpu" on the CPU; or its name.
        seed: One seed, one result.
    """

    epochs: int = 3
    steps: int = 0
    batch_size: int = 32
    learning_rate: float = 0.0
    weight_decay: float = 0.01
    dropout: float = 0.1
    threshold: float = 0.5
    use_knowledge: bool = True
    log_every: int = 10
    device: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "log_every"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, not {getattr(self, name)}")
        for name in ("steps", "learning_rate", "weight_decay"):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"{name} must be at least 0, not {getattr(self, name)}")
        if problem := seed_problem(self.seed):
            raise ConfigError(problem)
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout must be from 0 to below 1, not {self.dropout}")
        if not 0 < self.threshold < 1:
            raise ConfigError(f"threshold must be between 0 and 1, not {self.threshold}")

    def rate_for(self, width: int, *, trained: bool = False) -> float:
        """The learning rate for a backbone of a width, pretrained or of random weights."""
        narrow = width < NARROW and not trained
        return self.learning_rate or (NARROW_RATE if narrow else WIDE_RATE)


def check_task(task: str) -> None:
    """Refuse a task that there is not.

    Raises:
        ConfigError: As said.
    """
    if task not in TASKS:
        raise ConfigError(f"no task is called {task!r}; there are {', '.join(TASKS)}")
