"""The report of pretraining."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class LossPoint:
    """Mean losses of the steps since the last point, up to and with ``step``.

    Attributes:
        step: Number of steps so far.
        loss: The weighted sum of all losses.
        masked_lm: The loss of the language model, 0 without weight.
        entity: The loss of entity prediction, 0 without weight.
        others: The losses of the other objectives, by name.
    """

    step: int
    loss: float
    masked_lm: float
    entity: float
    others: dict[str, float] = field(default_factory=dict)


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
        backbone: The training plan of the backbone's own weights.
    """

    curve: tuple[LossPoint, ...]
    texts: int
    links: int
    steps: int
    resumed_at: int
    seconds: float
    backbone: str = ""

    def to_dict(self) -> dict[str, Any]:
        """A JSON value."""
        return asdict(self)
