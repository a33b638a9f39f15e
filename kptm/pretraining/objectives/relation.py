"""Relation prediction: predict the relation that joins two mentions' entities in the graph.

    p(r | head, tail) = softmax(W [h_head; h_tail] + b)_r

The hidden states are the entity-start states of Baldini Soares et al. 2019, section 3.2. The text
need not state the relation: the target comes from the graph, as in distant supervision (Mintz et
al. 2009).

Shapes: K pairs, D hidden, R relations.
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


class RelationPrediction(Objective):
    """Cross entropy of the relation of each pair of mentions that a fact joins."""

    name = "relation"

    def __init__(self, weight: float, hidden: int, relations: int) -> None:
        super().__init__(weight)
        self.scores = nn.Linear(2 * hidden, relations)

    def count(self, batch: Mapping[str, Tensor]) -> int:
        """The number of pairs."""
        return rows_of(batch, "pairs")

    def total(self, step: TrainingStep) -> Tensor:
        """The sum over the pairs."""
        pairs_K3 = step.batch["pairs"]
        if not len(pairs_K3):
            return step.nothing
        text_K, head_K, tail_K = pairs_K3.unbind(1)
        states_K2D = torch.cat([step.states(text_K, head_K), step.states(text_K, tail_K)], -1)
        return F.cross_entropy(
            self.scores(states_K2D).float(), step.batch["pair_relations"], reduction="sum"
        )
