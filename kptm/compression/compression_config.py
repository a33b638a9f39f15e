"""Settings of a compression."""

from __future__ import annotations

from dataclasses import dataclass

from kg.seeds import seed_problem
from kptm.errors import ConfigError

QUANTISED = ("", "int8")
UNITS = ("neurons", "weights")
NO_INT4 = (
    "int4 is not supported: torchao's kernels for it need a GPU, and its experimental ones for the"
    " CPU are no faster than floats in bfloat16, and 20 times slower in float32; use int8"
)


@dataclass(frozen=True, kw_only=True)
class CompressionConfig:
    """Settings of a compression; its methods can be combined.

    Attributes:
        layers: How many of the backbone's layers are kept; 0 keeps all.
        prune: The share of the feed-forward neurons, or of the layers' weights, to remove.
        unit: "neurons" removes whole neurons, "weights" sets single weights to zero: the second
            loses less, and makes nothing faster by itself.
        share: Whether all layers get the same weights (ALBERT).
        quantise: "int8" turns linear layers and token embeddings into 8-bit numbers.
        steps: Steps of distillation from the original, after layers or neurons were removed or
            layers shared; 0 trains nothing.
        batch_size: Texts per step.
        learning_rate: The peak learning rate, for all weights of the student.
        temperature: Divides the logits of both models in the distillation of predictions.
        held_out: The share of the texts that are held out from training, for the measurements.
        device: The device of training; see :class:`~kptm.pretraining.PretrainConfig`.
        seed: The seed; equal seeds give equal results.
    """

    layers: int = 0
    prune: float = 0.0
    unit: str = "neurons"
    share: bool = False
    quantise: str = ""
    steps: int = 500
    batch_size: int = 64
    learning_rate: float = 5e-4
    temperature: float = 2.0
    held_out: float = 0.1
    device: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        if not (self.layers or self.prune or self.share or self.quantise):
            raise ConfigError(
                "choose a method of compression: fewer layers, prune, share or quantise"
            )
        if self.quantise == "int4":
            raise ConfigError(NO_INT4)
        if self.quantise not in QUANTISED:
            raise ConfigError(f"quantise is int8, not {self.quantise!r}")
        if self.unit not in UNITS:
            raise ConfigError(f"unit is one of {', '.join(UNITS)}, not {self.unit!r}")
        self._check_numbers()

    def _check_numbers(self) -> None:
        for name in ("prune", "held_out"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"{name} must be from 0 to below 1, not {getattr(self, name)}")
        for name, minimum in (("layers", 0), ("steps", 0), ("batch_size", 1)):
            if getattr(self, name) < minimum:
                raise ConfigError(f"{name} must be at least {minimum}, not {getattr(self, name)}")
        for name in ("learning_rate", "temperature"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} must be above 0, not {getattr(self, name)}")
        if problem := seed_problem(self.seed):
            raise ConfigError(problem)

    @property
    def needs_training(self) -> bool:
        """Whether the result is a different network, which must be trained by distillation."""
        return bool(self.layers or self.share or (self.prune and self.unit == "neurons"))

    @property
    def name(self) -> str:
        """The name of the result, such as "distil-3-int8"."""
        parts = (
            f"distil-{self.layers}" if self.layers else "",
            f"prune-{self.unit}-{self.prune:g}" if self.prune else "",
            "share" if self.share else "",
            self.quantise,
        )
        return "-".join(part for part in parts if part)
