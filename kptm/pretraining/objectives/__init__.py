"""The objectives of pretraining, one file each with its formula and source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.errors import ConfigError
from kptm.pretraining.objectives.denoising import Denoising
from kptm.pretraining.objectives.description import DescriptionEmbedding
from kptm.pretraining.objectives.entity import EntityPrediction
from kptm.pretraining.objectives.language_modelling import LanguageModelling
from kptm.pretraining.objectives.linking import Linking
from kptm.pretraining.objectives.objective import Objective, TrainingStep
from kptm.pretraining.objectives.relation import RelationPrediction
from kptm.pretraining.objectives.replacement import ReplacementDetection

if TYPE_CHECKING:
    from kptm.fusion import FusedModel
    from kptm.pretraining.config import PretrainConfig

__all__ = ["Objective", "TrainingStep", "make_objectives"]


def make_objectives(model: FusedModel, config: PretrainConfig, relations: int) -> list[Objective]:
    """Make the objectives that have a weight.

    Args:
        model: The model to train.
        config: The weights.
        relations: The number of relations in the graph.

    Raises:
        ConfigError: ``link_weight`` is set, but the fusion mechanism makes no links.
    """
    hidden, entity = model.hidden_size, model.embeddings.dim
    objectives: list[Objective] = []
    if config.masked_lm_weight:
        objectives.append(LanguageModelling(config.masked_lm_weight))
    if config.entity_weight:
        objectives.append(EntityPrediction(config.entity_weight))
    if config.denoising_weight:
        objectives.append(Denoising(config.denoising_weight, hidden, entity))
    if config.replaced_weight:
        objectives.append(ReplacementDetection(config.replaced_weight, hidden))
    if config.relation_weight:
        objectives.append(RelationPrediction(config.relation_weight, hidden, relations))
    if config.description_weight:
        objectives.append(DescriptionEmbedding(config.description_weight, hidden, relations))
    if config.link_weight:
        if not model.fusion.links:
            raise ConfigError(
                f"link_weight: fusion of kind {model.fusion_config.kind!r} makes no links of its"
                " own; take knowbert, or memory without memory_k"
            )
        objectives.append(Linking(config.link_weight))
    return objectives
