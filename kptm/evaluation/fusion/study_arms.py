"""Does knowledge arrive? The same model, steps and parameters, with and without the right vectors.

Arms: "none" (no vector is injected, entities are still predicted against the true table), "zero",
"random" (frozen noise), "permuted" (true vectors given to the wrong entities: the arm that
decides), "aligned". An arm's table serves both injection and prediction, as it does in the model
itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch

from kg.embedding import EntityEmbeddings
from kptm.data import EntityFacts
from kptm.errors import ConfigError
from kptm.evaluation.fusion.fact_probing import Probe, ask_model
from kptm.fusion import FusedModel, FusionConfig
from kptm.pretraining import PretrainConfig, PretrainReport, pretrain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kptm.linking import LinkedText

ARMS = ("none", "zero", "random", "permuted", "aligned")


STEPS, RATE = 1_500, 3e-3
"""Steps and learning rate of an arm on a small BERT that starts from nothing."""
GIVEN_STEPS, GIVEN_RATE = 300, 2e-3
"""The same on a backbone that was trained before: what is new beside it learns at this rate."""


@dataclass(frozen=True, kw_only=True)
class StudyBackbone:
    """The backbone that all arms of a study start from.

    Attributes:
        path: A folder or hub name; "" starts a small BERT from nothing.
        freeze: Whether its own layers stay as they are.
        lora_rank: The rank of LoRA beside its layers; 0 adds none.
        device: Where the arms are trained and asked; see :class:`~kptm.pretraining.PretrainConfig`.
    """

    path: str = ""
    freeze: bool = False
    lora_rank: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        if (self.freeze or self.lora_rank) and not self.path:
            raise ConfigError(
                "only a backbone that is given can be frozen or have LoRA: name its folder"
            )


@dataclass(frozen=True, kw_only=True)
class StudyConfig:
    """What every arm shares.

    Attributes:
        backbone: A Hugging Face config; every arm starts from the same random weights of a seed.
            Or a folder or hub name.
        fusion: How knowledge enters.
        pretraining: Steps and rates.
    """

    backbone: Any
    fusion: FusionConfig = field(default_factory=FusionConfig)
    pretraining: PretrainConfig = field(default_factory=PretrainConfig)


@dataclass(slots=True)
class ArmStudy:
    """One study: texts, probes and embeddings that are the same for every arm.

    Attributes:
        embeddings: The true vectors.
        tokenizer: Shared by the arms.
        documents: Linked texts to pretrain on.
        probes: What is asked afterwards.
        config: What every arm shares.
        facts: The true facts as text, for a kind of fusion that reads them.
    """

    embeddings: EntityEmbeddings
    tokenizer: Any
    documents: Sequence[LinkedText]
    probes: Sequence[Probe]
    config: StudyConfig
    facts: EntityFacts | None = None

    def train(
        self, arm: str, seed: int, progress: Callable[[int, float], None] | None = None
    ) -> tuple[FusedModel, PretrainReport]:
        """Pretrain one arm.

        Raises:
            ConfigError: There is no such arm.
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
        self, model: FusedModel, table: EntityEmbeddings, facts: EntityFacts | None = None
    ) -> FusedModel:
        """A trained model with another table of the same keys, and other facts; no training."""
        fresh = FusedModel.build(
            self.config.backbone, table, model.fusion_config, tokenizer=self.tokenizer, facts=facts
        )
        if model.lora_rank:
            fresh.add_lora(model.lora_rank)
        fresh.load_state_dict(model.state_dict())
        return fresh.to(model.device)

    def ask(self, model: FusedModel, arm: str) -> list[bool]:
        """Whether each probe is answered right by a trained arm."""
        return ask_model(model, self.probes, use_knowledge=arm != "none")


def control_table(embeddings: EntityEmbeddings, arm: str, seed: int) -> EntityEmbeddings:
    """The entity table of an arm.

    Raises:
        ConfigError: There is no such arm.
    """
    if arm in ("aligned", "none"):
        return embeddings
    if arm == "permuted":
        return embeddings.permuted(seed)
    generator = torch.Generator().manual_seed(seed)
    if arm == "random":
        table = torch.randn(embeddings.table.shape, generator=generator)
    elif arm == "zero":
        # Nothing is injected and nothing can be predicted: every logit is the same.
        table = torch.zeros_like(embeddings.table)
    else:
        raise ConfigError(f"no arm is called {arm!r}; there are {', '.join(ARMS)}")
    return EntityEmbeddings(
        embeddings.keys, table, fingerprint=embeddings.fingerprint, revision=embeddings.revision
    )


def control_facts(facts: EntityFacts | None, arm: str, seed: int) -> EntityFacts | None:
    """The facts that mentions carry in an arm: true ones, those of the wrong entities, or none."""
    if facts is None or arm in ("aligned", "none"):
        return facts
    return EntityFacts({}) if arm == "zero" else facts.permuted(seed)


def splits(probes: Sequence[Probe], right: Sequence[bool]) -> dict[str, list[float]]:
    """Right answers by split, 1.0 or 0.0 each."""
    found: dict[str, list[float]] = {}
    for probe, value in zip(probes, right, strict=True):
        found.setdefault(probe.split, []).append(float(value))
    return dict(sorted(found.items()))
