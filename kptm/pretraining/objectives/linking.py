"""Entity linking within the model: the loss of a mechanism that links mentions itself.

    L = −Σ log softmax(ψ_m)_correct

The softmax is over the candidates of a mention (KnowBERT: Peters et al. 2019, equation 8), or over
all entities (Entities as Experts: Févry et al. 2020, section 3.3).

Shapes: M mentions, C candidates or entities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F

from kptm.pretraining.objectives.objective import Objective, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from kptm.pretraining.objectives.objective import TrainingStep

NOT_A_CANDIDATE = -100
"""The target of a mention whose entity is not among its candidates."""


class Linking(Objective):
    """Cross entropy of the correct entity of each mention that the mechanism links."""

    name = "link"

    def count(self, batch: Mapping[str, Tensor]) -> int:
        """The number of mentions whose correct entity is scored."""
        if not rows_of(batch, "right_rows"):
            return 0
        return int((_targets(batch) != NOT_A_CANDIDATE).sum())

    def total(self, step: TrainingStep) -> Tensor:
        """The sum over the mentions."""
        scores_MC = step.model.fusion.link_scores
        if scores_MC is None or not self.count(step.batch):
            return step.nothing
        return F.cross_entropy(
            scores_MC.float(), _targets(step.batch), ignore_index=NOT_A_CANDIDATE, reduction="sum"
        )


def _targets(batch: Mapping[str, Tensor]) -> Tensor:
    """The place of each mention's correct entity among the scored ones, (M,)."""
    right_M = batch["right_rows"]
    if "candidate_rows" not in batch:
        return right_M
    same_MC = (batch["candidate_rows"] == right_M[:, None]) & (batch["candidate_priors"] > 0)
    return torch.where(same_MC.any(1), same_MC.int().argmax(1), NOT_A_CANDIDATE)
