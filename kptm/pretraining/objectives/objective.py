"""An objective: a sum of losses over items of a batch, which the trainer averages.

Shapes: B texts, L tokens, D hidden.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from kptm.fusion import FusedModel, FusedOutput


@dataclass(frozen=True, slots=True)
class TrainingStep:
    """A forward pass of a batch.

    Attributes:
        model: The model.
        output: The output of the model.
        batch: The tensors of the batch by name; see
            :class:`~kptm.pretraining.data.collator.Collator`.
    """

    model: FusedModel
    output: FusedOutput
    batch: Mapping[str, Tensor]

    def states(self, text_K: Tensor, token_K: Tensor) -> Tensor:
        """Hidden states at some tokens, (K, D)."""
        return self.output.hidden[text_K, token_K]

    @property
    def nothing(self) -> Tensor:
        """The loss 0, from which gradients still reach the weights."""
        return self.output.hidden[:, :0].float().sum()


class Objective(nn.Module):
    """An objective.

    Attributes:
        name: The name in curves and reports.
        weight: The weight of its mean in the loss.
    """

    name: str

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = weight

    def count(self, batch: Mapping[str, Tensor]) -> int:
        """The number of items in a batch."""
        raise NotImplementedError

    def total(self, step: TrainingStep) -> Tensor:
        """The sum of the losses of the items; 0 for none."""
        raise NotImplementedError


def rows_of(batch: Mapping[str, Tensor], name: str) -> int:
    """The number of rows of a tensor in a batch; 0 if the batch does not have it."""
    return len(batch.get(name, torch.empty(0)))
