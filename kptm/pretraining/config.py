"""Settings of pretraining."""

from __future__ import annotations

from dataclasses import dataclass, fields

from kg.seeds import seed_problem
from kptm.errors import ConfigError

PRECISIONS = ("float32", "bfloat16", "float16")
SHARDINGS = ("none", "zero2", "zero3")


@dataclass(frozen=True, kw_only=True)
class PretrainConfig:
    """Settings of one pretraining.

    Attributes:
        steps: Optimiser steps.
        batch_size: Texts per step, over all processes.
        accumulation: Number of forward passes per step (gradient accumulation): less memory, the
            same step.
        learning_rate: Peak learning rate of AdamW; after a warm-up of 6% it falls linearly.
        backbone_learning_rate: Peak learning rate of the backbone's own weights; 0 takes
            ``learning_rate`` for random weights, and 5e-5 for pre-trained ones.
        freeze_backbone: Whether the backbone's layers are frozen, with any LoRA that they have; a
            new head is still trained.
        lora_rank: The rank of LoRA for the backbone's layers, which are then frozen; 0 adds none.
            It is trained at ``learning_rate`` and needs ``kptm[lora]``.
        entities_first: Share of the steps at the start in which a pre-trained backbone is frozen
            and only new modules are trained.
        weight_decay: The weight decay of AdamW.
        masked_lm_weight: Weight of masked language modelling; in a decoder, of causal modelling.
        entity_weight: Weight of entity prediction.
        denoising_weight: Weight of ERNIE's denoising: the model predicts the entity of a mention,
            of which some are given wrong and some not at all.
        replaced_weight: Weight of WKLM's loss: the model detects mentions that were replaced by
            those of another entity.
        relation_weight: Weight of relation prediction: the model predicts the relation that the
            graph has between two mentions; needs the graph.
        description_weight: Weight of KEPLER's loss, TransE over encoded descriptions; needs the
            graph.
        link_weight: Weight of the links that the mechanism "knowbert" or "memory" makes itself.
        entity_negatives: Negative entities that each batch draws for entity prediction (a sampled
            softmax); 0 scores only the correct entities of the batch, None all entities, which is
            too slow for a table of a million rows.
        entity_rate: Share of texts with links in which one entity is masked.
        collapse_rate: Share of masked entities that become a single mask token, as in a question;
            the others have a mask per token, which the language model predicts.
        token_rate: Share of the other tokens that are masked for the language model.
        replaced_rate: Share of mentions that are replaced, if ``replaced_weight`` is set.
        description_rate: Share of texts with an additional fact, if ``description_weight`` is set.
        precision: "float32", or "bfloat16" or "float16" for mixed precision.
        gradient_checkpointing: Whether layers run again in the backward pass instead of storing
            activations: less memory, more time.
        sharding: What several processes divide: "none" gives each the whole model; "zero2" divides
            gradients and the optimiser's state, and weights outside of a step; "zero3" also divides
            the weights within a step, layer by layer. See :mod:`kptm.pretraining.sharding`.
        offload: Whether the divided parts are stored in the memory of the host; needs ``sharding``.
        use_knowledge: Whether vectors are injected; False is a control arm.
        checkpoint_every: Steps between checkpoints; 0 writes none.
        keep_checkpoints: Number of checkpoints to keep.
        log_every: Steps between points of the loss curves; the last step has a point too.
        device: "auto" trains on the accelerator if there is one, "cpu" on the CPU; or the name of a
            device. A workspace's model also answers on this device.
        seed: The seed; equal seeds give equal results.
    """

    steps: int = 1_000
    batch_size: int = 64
    learning_rate: float = 1e-3
    backbone_learning_rate: float = 0.0
    freeze_backbone: bool = False
    lora_rank: int = 0
    entities_first: float = 0.1
    weight_decay: float = 0.01
    accumulation: int = 1
    masked_lm_weight: float = 1.0
    entity_weight: float = 1.0
    denoising_weight: float = 0.0
    replaced_weight: float = 0.0
    relation_weight: float = 0.0
    description_weight: float = 0.0
    link_weight: float = 0.0
    entity_negatives: int | None = None
    entity_rate: float = 0.8
    collapse_rate: float = 0.7
    token_rate: float = 0.15
    replaced_rate: float = 0.2
    description_rate: float = 0.25
    precision: str = "float32"
    gradient_checkpointing: bool = False
    sharding: str = "none"
    offload: bool = False
    use_knowledge: bool = True
    checkpoint_every: int = 0
    keep_checkpoints: int = 2
    log_every: int = 10
    device: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "accumulation", "log_every", "keep_checkpoints"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, not {getattr(self, name)}")
        weights = [item.name for item in fields(self) if item.name.endswith("_weight")]
        for name in (*weights, "checkpoint_every", "entity_negatives", "weight_decay"):
            value = getattr(self, name)
            if value is not None and not value >= 0:
                raise ConfigError(f"{name} must be at least 0, not {value}")
        for name in (item.name for item in fields(self) if item.name.endswith("_rate")):
            if not name.endswith("learning_rate") and not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} must be between 0 and 1, not {getattr(self, name)}")
        if not self.learning_rate > 0:
            raise ConfigError(f"learning_rate must be above 0, not {self.learning_rate}")
        if not any(getattr(self, name) for name in weights):
            raise ConfigError("every weight is 0: nothing would be learnt; set one of them")
        self._check_backbone()
        self._check_scale()
        self._check_sharding()

    def _check_backbone(self) -> None:
        if not self.backbone_learning_rate >= 0:
            raise ConfigError(
                f"backbone_learning_rate must be at least 0, not {self.backbone_learning_rate}"
            )
        if self.lora_rank < 0:
            raise ConfigError(f"lora_rank must be at least 0, not {self.lora_rank}")
        if self.lora_rank and self.freeze_backbone:
            raise ConfigError(
                "lora_rank trains updates of the layers, but freeze_backbone keeps them;"
                " choose one of the two"
            )
        if not 0 <= self.entities_first < 1:
            raise ConfigError(
                f"entities_first must be from 0 to below 1, not {self.entities_first}"
            )

    def _check_scale(self) -> None:
        if problem := seed_problem(self.seed):
            raise ConfigError(problem)
        if self.precision not in PRECISIONS:
            raise ConfigError(
                f"precision is one of {', '.join(PRECISIONS)}, not {self.precision!r}"
            )
        if self.batch_size % self.accumulation:
            raise ConfigError(
                f"batch_size ({self.batch_size}) must be a multiple of accumulation"
                f" ({self.accumulation})"
            )
        if self.gradient_checkpointing and self.description_weight:
            raise ConfigError(
                "description_weight runs the model twice per step, which"
                " gradient_checkpointing does not"
                " support; turn off one of the two"
            )

    def _check_sharding(self) -> None:
        if self.sharding not in SHARDINGS:
            raise ConfigError(f"sharding is one of {', '.join(SHARDINGS)}, not {self.sharding!r}")
        if self.sharding == "none":
            if self.offload:
                raise ConfigError("offload needs sharding: set it to zero2 or zero3")
            return
        if self.precision == "float16":
            raise ConfigError("sharding does not support float16; take bfloat16")
        if self.description_weight:
            raise ConfigError(
                "description_weight runs the model twice for some batches, which sharding does not"
                " support; turn off one of the two"
            )
