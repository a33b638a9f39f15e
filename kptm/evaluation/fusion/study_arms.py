"""Control arms: the same model, steps and parameters, with and without the right vectors.

Arms: "none" (no vector is injected, but entities are predicted against the true table), "zero",
"random" (frozen noise), "permuted" (true vectors assigned to wrong entities, the decisive control),
"aligned" (true vectors). An arm's table serves both injection and prediction, as in the model
itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch

from kg.embedding import EntityEmbeddings
from kptm.errors import ConfigError
from kptm.evaluation.fusion.fact_probing import Probe, ask_model
from kptm.fusion import FusedModel, FusionConfig
from kptm.pretraining import PretrainConfig, PretrainReport, pretrain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kptm.fusion.parts import Facts
    from kptm.linking import LinkedText

ARMS = ("none", "zero", "random", "permuted", "aligned")


SMALL_BERT_STEPS, SMALL_BERT_RATE = 1_500, 3e-3
"""Steps and learning rate of an arm on a small BERT with random weights."""
PRETRAINED_STEPS, PRETRAINED_RATE = 300, 2e-3
"""Steps and learning rate on a pretrained backbone; the rate is that of the new parameters."""


@dataclass(frozen=True, kw_only=True)
class StudyBackbone:
    """The backbone of all arms of a study.

    Attributes:
        path: A folder or hub name; "" for a small BERT with random weights.
        freeze: Whether its layers are frozen.
        lora_rank: The rank of LoRA in its layers; 0 for none.
        device: The device of the arms; see :class:`~kptm.pretraining.PretrainConfig`.
    """

    path: str = ""
    freeze: bool = False
    lora_rank: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        if (self.freeze or self.lora_rank) and not self.path:
            raise ConfigError(
                "only a pretrained backbone can be frozen or have LoRA: name its folder"
            )


@dataclass(frozen=True, kw_only=True)
class StudyConfig:
    """The configuration that every arm shares.

    Attributes:
        backbone: A Hugging Face config, whose random weights are the same for every arm of a seed;
            or a folder or hub name.
        fusion: The configuration of fusion.
        pretraining: The configuration of pretraining.
    """

    backbone: Any
    fusion: FusionConfig = field(default_factory=FusionConfig)
    pretraining: PretrainConfig = field(default_factory=PretrainConfig)


@dataclass(slots=True)
class ArmStudy:
    """A study: texts, probes and embeddings that are the same for every arm.

    Attributes:
        embeddings: The true vectors.
        tokenizer: The tokenizer of all arms.
        documents: Linked texts to pretrain on.
        probes: The probes after training.
        config: The configuration that every arm shares.
        facts: The true facts, for a kind of fusion that reads them.
    """

    embeddings: EntityEmbeddings
    tokenizer: Any
    documents: Sequence[LinkedText]
    probes: Sequence[Probe]
    config: StudyConfig
    facts: Facts | None = None

    def train(
        self, arm: str, seed: int, progress: Callable[[int, float], None] | None = None
    ) -> tuple[FusedModel, PretrainReport]:
        """Pretrain one arm.

        Raises:
            ConfigError: The arm does not exist.
        """
        table = control_table(self.embeddings, arm, seed)
        model = FusedModel.build(
            self.config.backbone,
            table,
            replace(self.config.fusion, seed=seed),
            tokenizer=self.tokenizer,
            facts=control_facts(self.facts, arm, seed),
        )
        settings = replace(self.config.pretraining, seed=seed, use_knowledge=arm != "none")
        return model, pretrain(model, self.documents, config=settings, progress=progress)

    def with_knowledge(
        self,
        model: FusedModel,
        table: EntityEmbeddings,
        facts: Facts | None = None,
    ) -> FusedModel:
        """The trained model with another table of the same keys, and other facts."""
        fresh = FusedModel.build(
            self.config.backbone, table, model.fusion_config, tokenizer=self.tokenizer, facts=facts
        )
        if model.lora_rank:
            fresh.add_lora(model.lora_rank)
        fresh.load_state_dict(model.state_dict())
        return fresh.to(model.device)

    def ask(self, model: FusedModel, arm: str) -> list[bool]:
        """Whether a trained arm answers each probe correctly."""
        return ask_model(model, self.probes, use_knowledge=arm != "none")


def control_table(embeddings: EntityEmbeddings, arm: str, seed: int) -> EntityEmbeddings:
    """The entity table of an arm.

    Raises:
        ConfigError: The arm does not exist.
    """
    if arm in ("aligned", "none"):
        return embeddings
    if arm == "permuted":
        return embeddings.permuted(seed)
    generator = torch.Generator().manual_seed(seed)
    if arm == "random":
        table = torch.randn(embeddings.table.shape, generator=generator)
    elif arm == "zero":
        # With zero vectors nothing is injected, and all logits are equal.
        table = torch.zeros_like(embeddings.table)
    else:
        raise ConfigError(f"no arm is called {arm!r}; there are {', '.join(ARMS)}")
    return EntityEmbeddings(
        embeddings.keys, table, fingerprint=embeddings.fingerprint, revision=embeddings.revision
    )


def control_facts(facts: Facts | None, arm: str, seed: int) -> Facts | None:
    """The facts that an arm reads: the true ones, those of wrong entities, or none."""
    if facts is None or arm in ("aligned", "none"):
        return facts
    return facts.none() if arm == "zero" else facts.permuted(seed)


def splits(probes: Sequence[Probe], right: Sequence[bool]) -> dict[str, list[float]]:
    """By split: 1.0 or 0.0 per probe, for right or wrong."""
    by_split: dict[str, list[float]] = {}
    for probe, value in zip(probes, right, strict=True):
        by_split.setdefault(probe.split, []).append(float(value))
    return dict(sorted(by_split.items()))
