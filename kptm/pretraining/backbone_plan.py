"""Plans the training of the backbone's weights: their learning rate, and when it begins.

Random weights are trained like those of new modules. Pre-trained weights would be destroyed by a
rate that suits new modules. They are trained at 5e-5 (Devlin et al. 2019, section 4), after a phase
in which only the new modules are trained.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch.optim.lr_scheduler import LambdaLR

from kptm.fusion.backbones.backbone_parts import base_model
from kptm.fusion.backbones.lora import lora_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import nn
    from torch.optim import Optimizer

    from kptm.fusion import FusedModel
    from kptm.pretraining.config import PretrainConfig

logger = logging.getLogger(__name__)

PRETRAINED_RATE = 5e-5
"""Peak learning rate of pre-trained weights."""
OWN = "backbone"
"""The key that marks the optimiser's groups of the backbone's own weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackbonePlan:
    """The training plan of the backbone's own weights.

    Attributes:
        rate: The peak learning rate; 0 keeps the weights frozen.
        start: The step at which their training begins.
        apart: Whether their training differs from that of new weights.
        lora: The rank of LoRA, which is trained like new weights; 0 without LoRA.
    """

    rate: float
    start: int = 0
    apart: bool = False
    lora: int = 0

    def __str__(self) -> str:
        if not self.apart:
            return f"the backbone learns like the rest, at {self.rate:g}"
        if not self.rate:
            lora = f", with LoRA of rank {self.lora} beside it" if self.lora else ""
            return f"the backbone stays as it is{lora}"
        delay = f" after {self.start:,} steps" if self.start else ""
        return f"the backbone learns at {self.rate:g}{delay}"


def plan_for(model: FusedModel, config: PretrainConfig) -> BackbonePlan:
    """The plan for a model; the choice for pre-trained weights is logged."""
    trained = model.origin.trained
    if config.freeze_backbone or config.lora_rank:
        return BackbonePlan(rate=0.0, apart=True, lora=config.lora_rank)
    rate = config.backbone_learning_rate or (PRETRAINED_RATE if trained else config.learning_rate)
    start = int(config.steps * config.entities_first) if trained else 0
    plan = BackbonePlan(rate=rate, start=start, apart=bool(start) or rate != config.learning_rate)
    if trained:
        logger.info(
            "%s (its weights were trained before); the rest at %g", plan, config.learning_rate
        )
    return plan


def own_weights(model: FusedModel) -> list[nn.Parameter]:
    """The backbone's original weights, without a new head and LoRA."""
    part: nn.Module = base_model(model.backbone) if model.origin.new_head else model.backbone
    of_lora = {id(weight) for weight in lora_weights(model.backbone)}
    return [weight for weight in part.parameters() if id(weight) not in of_lora]


@contextmanager
def freeze_backbone(model: FusedModel, plan: BackbonePlan) -> Iterator[None]:
    """Freeze what the plan does not train of the backbone's own weights and LoRA in the block."""
    fixed = [] if plan.rate else own_weights(model)
    if not plan.rate and not plan.lora:
        fixed += lora_weights(model.backbone)  # of an earlier training
    frozen = [weight for weight in fixed if weight.requires_grad]
    for weight in frozen:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in frozen:
            weight.requires_grad_(True)


def move_to_own_groups(optimizer: Optimizer, weights: list[nn.Parameter], rate: float) -> None:
    """Move weights to groups of their own, with another learning rate."""
    ids = {id(weight) for weight in weights}
    for group in list(optimizer.param_groups):
        moved = [weight for weight in group["params"] if id(weight) in ids]
        if moved:
            group["params"] = [weight for weight in group["params"] if id(weight) not in ids]
            optimizer.add_param_group({**group, "params": moved, "lr": rate, OWN: True})


def schedule(optimizer: Optimizer, plan: BackbonePlan, warm_up: int, steps: int) -> LambdaLR:
    """Linear warm-up and decay for all weights; for the backbone from step ``plan.start`` on."""
    return LambdaLR(
        optimizer,
        [
            _linear(plan.start if group.get(OWN) else 0, warm_up, steps)
            for group in optimizer.param_groups
        ],
    )


def _linear(start: int, warm_up: int, steps: int) -> Callable[[int], Any]:
    def factor(step: int) -> float:
        if step < start:
            return 0.0
        rising = (step - start) / max(1, warm_up)
        return min(1.0, rising, max(0.0, (steps - step) / max(1, steps - warm_up)))

    return factor
