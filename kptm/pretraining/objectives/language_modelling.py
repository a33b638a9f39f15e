"""Masked and causal language modelling.

    L = −Σ log p(x_i | the text with x_i hidden)    in an encoder; Devlin et al. 2019, section 3.1
    L = −Σ log p(x_i | the text before x_i)         in a decoder

Shapes: B texts, L tokens, K predicted tokens, V vocabulary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn import functional as F

from kptm.data.batch import IGNORED
from kptm.pretraining.objectives.objective import Objective

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from kptm.pretraining.objectives.objective import TrainingStep


class LanguageModelling(Objective):
    """Cross entropy of the predicted tokens; logits are computed for these tokens only."""

    name = "masked_lm"

    def count(self, batch: Mapping[str, Tensor]) -> int:
        """The number of predicted tokens."""
        return int((batch["labels"] != IGNORED).sum())

    def total(self, step: TrainingStep) -> Tensor:
        """The sum over the predicted tokens."""
        labels_BL = step.batch["labels"]
        predicted_BL = labels_BL != IGNORED
        if not predicted_BL.any():
            return step.nothing
        logits_KV = step.model.token_logits(step.output.hidden[predicted_BL]).float()
        return F.cross_entropy(logits_KV, labels_BL[predicted_BL], reduction="sum")
