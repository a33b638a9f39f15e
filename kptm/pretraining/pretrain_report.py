"""The report of pretraining."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class LossPoint:
    """Mean losses of the steps since the last point.

    Attributes:
        step: The number of steps so far.
        loss: The weighted sum of all losses.
        masked_lm: The loss of the language model; 0 if it has no weight.
        entity: The loss of entity prediction; 0 if it has no weight.
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
        texts: The number of texts.
        links: The number of links in the texts whose entity has a vector.
        steps: The number of optimiser steps.
        resumed_at: The step of the checkpoint from which the run was resumed, or 0.
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
        """The report as a JSON object."""
        return asdict(self)
