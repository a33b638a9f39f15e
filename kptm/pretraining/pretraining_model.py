"""The module that is trained: a fused model with objectives, whose weights only training uses.

Shapes: O objectives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import nn

from kptm.pretraining.objectives import TrainingStep, make_objectives

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from kptm.fusion import FusedModel
    from kptm.pretraining.config import PretrainConfig
    from kptm.pretraining.objectives import Objective

MODEL_INPUTS = frozenset(
    (
        "input_ids",
        "attention_mask",
        "mention_spans",
        "mention_rows",
        "candidate_rows",
        "candidate_priors",
        "branch_ids",
        "branch_places",
        "target_places",
        "score_rows",
    )
)
"""The tensors of a batch that the fused model reads; the objectives read the others."""


class PretrainingModel(nn.Module):
    """A fused model with objectives.

    :meth:`forward` computes all losses of a step, so that wrappers for several processes, sharding
    and mixed precision apply to all of it.

    Args:
        model: The model, trained in place.
        config: The weights of the objectives, and the seed of their initial parameters.
        relations: The number of relations in the graph.
        more: Objectives in addition to those of the configuration.
    """

    def __init__(
        self,
        model: FusedModel,
        config: PretrainConfig,
        relations: int,
        more: Sequence[Objective] = (),
    ) -> None:
        super().__init__()
        self.model = model
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            self.objectives = nn.ModuleList([*make_objectives(model, config, relations), *more])
        self.objectives.to(device=model.device, dtype=model.backbone.dtype)

    def _each(self) -> list[Objective]:
        return cast("list[Objective]", list(self.objectives))

    @property
    def names(self) -> list[str]:
        """The names of the objectives, in order."""
        return [objective.name for objective in self._each()]

    @property
    def weights(self) -> list[float]:
        """The weights of the objectives, in order."""
        return [objective.weight for objective in self._each()]

    def counts(self, batch: Mapping[str, Tensor]) -> list[int]:
        """The number of items of each objective in a batch."""
        return [objective.count(batch) for objective in self._each()]

    def forward(self, batch: Mapping[str, Tensor]) -> Tensor:
        """The summed loss of each objective, (O,), float32."""
        output = self.model(**{name: batch[name] for name in batch if name in MODEL_INPUTS})
        step = TrainingStep(self.model, output, batch)
        losses_O = torch.stack([objective.total(step).float() for objective in self._each()])
        if torch.is_grad_enabled() and not losses_O.requires_grad:
            # With a frozen backbone and a batch without mentions there is nothing to learn, but the
            # trainer still needs a loss with a gradient.
            return losses_O + 0.0 * next(p for p in self.parameters() if p.requires_grad).sum()
        return losses_O
