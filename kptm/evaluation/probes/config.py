"""Settings of the probes."""

from __future__ import annotations

from dataclasses import dataclass

from kg.seeds import seed_problem
from kptm.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class ProbeConfig:
    """Settings of the probes.

    Attributes:
        held_out: The share of texts, or of entities, on which a linear probe is evaluated.
        strength: The inverse regularisation strength C of the logistic regression.
        max_steps: The maximum number of steps of its optimizer.
        batch_size: Texts per batch of the model.
        seed: The seed of the split, the control task and the shuffling.
    """

    held_out: float = 0.3
    strength: float = 1.0
    max_steps: int = 2_000
    batch_size: int = 16
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.held_out < 1:
            raise ConfigError(f"held_out must lie between 0 and 1, not {self.held_out}")
        if not self.strength > 0:
            raise ConfigError(f"strength must be above 0, not {self.strength}")
        if problem := seed_problem(self.seed):
            raise ConfigError(problem)
        for name, minimum in (("max_steps", 1), ("batch_size", 1)):
            value = getattr(self, name)
            if value < minimum:
                raise ConfigError(f"{name} must be at least {minimum}, not {value}")
