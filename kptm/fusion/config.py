"""Settings of fusion."""

from __future__ import annotations

from dataclasses import dataclass

from kg.seeds import seed_problem
from kptm.errors import ConfigError

KINDS = ("gated", "ernie", "knowbert", "memory", "luke", "kbert", "adapter", "kblam")


@dataclass(frozen=True, kw_only=True)
class FusionConfig:
    """Settings of a fused model.

    Attributes:
        kind: The mechanism, one of :data:`KINDS`; each has a module of that name with its formula.
        layers: The layers of the backbone that get knowledge, counted from 0; None takes the
            mechanism's default, "kblam" all. "luke" and "kbert" always use all.
        width: Hidden width of the mechanism; None takes the backbone's.
        head_width: Hidden width of the entity-prediction head; None takes the backbone's.
        memory_k: Entities that each mention reads in "memory"; None reads all.
        max_length: The maximum number of tokens of a text, limited by the backbone's positions.
        seed: The seed of the new weights.
    """

    kind: str = "gated"
    layers: tuple[int, ...] | None = None
    width: int | None = None
    head_width: int | None = None
    memory_k: int | None = None
    max_length: int = 128
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigError(f"fusion kind {self.kind!r} is unknown; there is {', '.join(KINDS)}")
        if self.layers is not None:
            object.__setattr__(self, "layers", tuple(self.layers))
            if not self.layers or len(set(self.layers)) < len(self.layers):
                raise ConfigError(f"layers must name some layers, each once, not {self.layers}")
        if problem := seed_problem(self.seed):
            raise ConfigError(problem)
        for name, minimum in (("width", 1), ("head_width", 1), ("memory_k", 1), ("max_length", 8)):
            value = getattr(self, name)
            if value is not None and value < minimum:
                raise ConfigError(f"{name} must be at least {minimum}, not {value}")

    @property
    def reads_facts(self) -> bool:
        """Whether the mechanism reads facts of entities as text, which must be given."""
        return self.kind == "kbert"

    @property
    def reads_triples(self) -> bool:
        """Whether the mechanism reads facts as keys and values, which must be given."""
        return self.kind == "kblam"
