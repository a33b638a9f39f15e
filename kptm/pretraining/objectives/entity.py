"""Entity prediction: predict the entity of a blank.

    L = −Σ log softmax(s · ⟨q, e⟩)_correct

The softmax is over all entities, a sample of them, or those of the batch. This is equation 5 of
Févry et al. 2020, with a prediction head that shares the entity table.

Shapes: T blanks, N scored entities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn import functional as F

from kptm.pretraining.objectives.objective import Objective, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from kptm.pretraining.objectives.objective import TrainingStep


class EntityPrediction(Objective):
    """Cross entropy of the correct entity of each blank."""

    name = "entity"

    def count(self, batch: Mapping[str, Tensor]) -> int:
        """The number of blanks in place of an entity."""
        return rows_of(batch, "target_rows")

    def total(self, step: TrainingStep) -> Tensor:
        """The sum over the blanks."""
        logits_TN = step.output.entity_logits
        if logits_TN is None:
            return step.nothing
        return F.cross_entropy(logits_TN.float(), step.batch["target_rows"], reduction="sum")
