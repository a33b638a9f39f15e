"""What pretraining gives back."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class LossPoint:
    """Mean losses of the steps since the last point, up to and with ``step``.

    Attributes:
        step: Steps that were done.
        loss: The weighted sum of all.
        masked_lm: Of the language model, 0 where it has no weight.
        entity: Of entity prediction, 0 where it has none.
        others: Of the other objectives, by name.
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
        backbone: How the backbone's own weights learnt.
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
