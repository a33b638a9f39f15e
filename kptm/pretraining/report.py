"""What pretraining gives back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class LossPoint:
    """Mean losses of the steps since the last point, up to and with ``step``."""

    step: int
    loss: float
    masked_lm: float
    entity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainReport:
    """Loss curves and sizes.

    Attributes:
        curve: One point every ``log_every`` steps, and one for the last step.
        texts: Texts that were read.
        links: Links in them whose entity has a vector.
        steps: Optimiser steps in all.
        resumed_at: The step of the checkpoint the run went on from, or 0.
        seconds: Wall-clock time of this run.
    """

    curve: tuple[LossPoint, ...]
    texts: int
    links: int
    steps: int
    resumed_at: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """A JSON value."""
        return asdict(self)
