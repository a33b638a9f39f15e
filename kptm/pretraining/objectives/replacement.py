"""Replaced-entity detection: predict whether a mention was replaced by another entity's name.

    p(not replaced) = σ(w · [h_before; h_after] + b)

The hidden states are those of the tokens before and after the mention, as in Xiong et al. 2020,
section 2.2.

Shapes: K mentions, D hidden.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional as F

from kptm.pretraining.objectives.objective import Objective, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from kptm.pretraining.objectives.objective import TrainingStep


class ReplacementDetection(Objective):
    """Binary cross entropy at each mention that has a token before and after it."""

    name = "replaced"

    def __init__(self, weight: float, hidden: int) -> None:
        super().__init__(weight)
        self.own = nn.Linear(2 * hidden, 1)

    def count(self, batch: Mapping[str, Tensor]) -> int:
        """The number of mentions that have a token before and after them."""
        return rows_of(batch, "around")

    def total(self, step: TrainingStep) -> Tensor:
        """The sum over the mentions."""
        around_K3 = step.batch["around"]
        if not len(around_K3):
            return step.nothing
        text_K, before_K, after_K = around_K3.unbind(1)
        states_K2D = torch.cat([step.states(text_K, before_K), step.states(text_K, after_K)], -1)
        logits_K = self.own(states_K2D).squeeze(-1).float()
        return F.binary_cross_entropy_with_logits(
            logits_K, (~step.batch["was_replaced"]).float(), reduction="sum"
        )
