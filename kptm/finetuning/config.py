"""Settings of fine-tuning."""

from __future__ import annotations

from dataclasses import dataclass

from kg.seeds import seed_problem
from kptm.errors import ConfigError

TASKS = ("relation", "typing", "tokens", "text")
MAX_NARROW_WIDTH, NARROW_RATE, WIDE_RATE = 256, 1e-3, 5e-5
"""The default learning rates.

A backbone that is narrower than ``MAX_NARROW_WIDTH`` and not pretrained needs ``NARROW_RATE``;
others take ``WIDE_RATE`` (Devlin et al. 2019).
"""


@dataclass(frozen=True, kw_only=True)
class FinetuneConfig:
    """Settings of a fine-tuning run.

    Attributes:
        epochs: How often training passes over all rows.
        steps: The number of optimiser steps, which replaces ``epochs``; 0 keeps ``epochs``.
        batch_size: Rows per step.
        learning_rate: The peak learning rate of AdamW, after a warm-up of 6% of the steps; it
            falls linearly afterwards. 0 takes 5e-5, or 1e-3 if the backbone is narrower than 256
            and started from random weights.
        weight_decay: The weight decay of AdamW.
        dropout: The dropout rate of the classifier's input.
        threshold: The probability from which "typing" predicts a type.
        use_knowledge: False injects no entity vectors, in training and in predictions: the control
            for what knowledge adds.
        log_every: Steps between points of the loss curve; the last step has a point too.
        device: "auto" for the accelerator if there is one, or a device's name, such as "cpu".
        seed: The seed; equal seeds give equal results.
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
        """The learning rate for a backbone of this hidden size.

        Args:
            width: The hidden size.
            trained: Whether the backbone is pretrained, rather than random.
        """
        narrow = width < MAX_NARROW_WIDTH and not trained
        return self.learning_rate or (NARROW_RATE if narrow else WIDE_RATE)


def check_task(task: str) -> None:
    """Refuse an unknown task.

    Raises:
        ConfigError: The task is unknown.
    """
    if task not in TASKS:
        raise ConfigError(f"no task is called {task!r}; there are {', '.join(TASKS)}")
