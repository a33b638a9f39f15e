"""KEPLER's knowledge embedding over descriptions (Wang et al. 2021, sections 3.2 and 3.3).

    e = the encoder's state of the first token of an entity's description (in a decoder: the last)
    d(h, t) = ‖h + r − t‖₁
    L = −log σ(γ − d(h, t)) − log σ(d(h′, t′) − γ)        equation 4

(h′, t′) is the fact with its head or tail replaced by a random entity; it is not checked whether
the result is a fact by chance. Descriptions are encoded without knowledge.

Shapes: U descriptions, K facts, D hidden.
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

MARGIN = 4.0
"""γ of the paper."""


class DescriptionEmbedding(Objective):
    """TransE with the encoded descriptions of entities as their vectors."""

    name = "description"

    def __init__(self, weight: float, hidden: int, relations: int) -> None:
        super().__init__(weight)
        self.relations = nn.Embedding(relations, hidden)
        nn.init.normal_(self.relations.weight, std=0.02)

    def count(self, batch: Mapping[str, Tensor]) -> int:
        """The number of facts."""
        return rows_of(batch, "fact_ends")

    def total(self, step: TrainingStep) -> Tensor:
        """The loss, summed over the facts."""
        ends_K4 = step.batch["fact_ends"]
        if not len(ends_K4):
            return step.nothing
        states_UD = step.model.summary(
            step.batch["description_ids"], step.batch["description_mask"]
        )
        relation_KD = self.relations(step.batch["fact_relations"])
        head_KD, tail_KD, wrong_head_KD, wrong_tail_KD = states_UD[ends_K4].unbind(1)
        near_K = _distance(head_KD, relation_KD, tail_KD)
        far_K = _distance(wrong_head_KD, relation_KD, wrong_tail_KD)
        return -(F.logsigmoid(MARGIN - near_K) + F.logsigmoid(far_K - MARGIN)).sum()


def _distance(head_KD: Tensor, relation_KD: Tensor, tail_KD: Tensor) -> Tensor:
    return (head_KD + relation_KD - tail_KD).float().abs().sum(-1)
