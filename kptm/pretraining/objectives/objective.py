"""An objective: a sum of losses over items of a batch, for a mean over all processes.

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
    """A pass that has been made.

    Attributes:
        model: The model.
        output: What it gave.
        batch: The tensors of the batch, by the names that
            :class:`~kptm.pretraining.data.collator.Collator` gives.
    """

    model: FusedModel
    output: FusedOutput
    batch: Mapping[str, Tensor]

    def states(self, text_K: Tensor, token_K: Tensor) -> Tensor:
        """Hidden states at some tokens, (K, D)."""
        return self.output.hidden[text_K, token_K]

    @property
    def nothing(self) -> Tensor:
        """0, which the weights are still tied to."""
        return self.output.hidden[:, :0].float().sum()


class Objective(nn.Module):
    """One loss.

    Attributes:
        name: As curves and reports call it.
        weight: What its mean is multiplied with.
    """

    name: str

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = weight

    def count(self, batch: Mapping[str, Tensor]) -> int:
        """Items of a batch that are asked."""
        raise NotImplementedError

    def total(self, step: TrainingStep) -> Tensor:
        """The sum of the losses of the items; 0 for none."""
        raise NotImplementedError


def rows_of(batch: Mapping[str, Tensor], name: str) -> int:
    """How many rows a tensor of a batch has; 0 where it is not there."""
    found = batch.get(name, torch.empty(0))
    return len(found)
