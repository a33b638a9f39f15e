"""Denoising entity auto-encoding: predict the entity of each mention from its hidden state.

For some mentions the model is given the vector of a wrong entity, or none.

    p(e_j | w_i) = softmax_j(⟨linear(w_i), e_j⟩)    over the entities of the batch

This is equation 7 of ERNIE (Zhang et al. 2019, section 3.4).

The first token w_i of a mention stands for it (in a decoder the last one).

Shapes: K mentions, U entities of the batch, E entity width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn
from torch.nn import functional as F

from kptm.pretraining.objectives.objective import Objective, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from kptm.pretraining.objectives.objective import TrainingStep


class Denoising(Objective):
    """Cross entropy of the correct entity at each mention."""

    name = "denoising"

    def __init__(self, weight: float, hidden: int, entity: int) -> None:
        super().__init__(weight)
        self.linear = nn.Linear(hidden, entity)

    def count(self, batch: Mapping[str, Tensor]) -> int:
        """The number of mentions with an entity."""
        return rows_of(batch, "denoise_places")

    def total(self, step: TrainingStep) -> Tensor:
        """The sum over the mentions."""
        places_K2 = step.batch["denoise_places"]
        if not len(places_K2):
            return step.nothing
        vectors_UE = step.model.vectors(step.batch["denoise_rows"])
        queries_KE = self.linear(step.states(places_K2[:, 0], places_K2[:, 1]))
        logits_KU = (queries_KE @ vectors_UE.to(queries_KE.dtype).T).float()
        return F.cross_entropy(logits_KU, step.batch["denoise_targets"], reduction="sum")
