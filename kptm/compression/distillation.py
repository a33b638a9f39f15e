"""Distillation: pretrains a student on texts, with the teacher's outputs as targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.compression.distillation_losses import EntityImitation, LayerImitation, WordImitation
from kptm.compression.layer_choice import spread_layers
from kptm.compression.teacher_pass import TeacherPass
from kptm.errors import ModelError
from kptm.fusion.backbones.backbone_parts import encoder_layers
from kptm.pretraining import PretrainConfig, pretrain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kptm.compression.compression_config import CompressionConfig
    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText
    from kptm.pretraining import PretrainReport


def distil(
    student: FusedModel,
    teacher: FusedModel,
    documents: Sequence[LinkedText],
    config: CompressionConfig,
    progress: Callable[[int, float], None] | None = None,
) -> PretrainReport:
    """Train a student in place by the objectives of pretraining and by its teacher's outputs.

    Args:
        student: A model with the hidden size, entity vectors and vocabulary of the teacher.
        teacher: The model to imitate, which is not changed.
        documents: Linked texts to train on.
        config: Steps, learning rate, temperature and seed.
        progress: Called after each step with its number and loss.

    Raises:
        ModelError: There are no texts, or the two models do not fit.
    """
    count, own = len(encoder_layers(teacher.backbone)), len(encoder_layers(student.backbone))
    if teacher.hidden_size != student.hidden_size or own > count:
        raise ModelError(
            f"a student of {own} layers of {student.hidden_size} cannot learn from {count} of"
            f" {teacher.hidden_size}; it needs the same width and at most as many layers"
        )
    layers = tuple(range(count)) if own == count else spread_layers(count, own)
    beside = TeacherPass(teacher.eval(), student, layers)
    settings = PretrainConfig(
        steps=config.steps,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        backbone_learning_rate=config.learning_rate,
        entities_first=0.0,
        device=config.device,
        seed=config.seed,
    )
    kinds = (LayerImitation, EntityImitation, WordImitation)
    with beside.beside():
        return pretrain(
            student,
            documents,
            config=settings,
            objectives=[kind(beside, config.temperature) for kind in kinds],
            progress=progress,
        )
