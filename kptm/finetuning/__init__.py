"""Fine-tuning a fused model for relations, types, tokens and texts, on ``transformers.Trainer``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kptm.finetuning.config import TASKS, FinetuneConfig
    from kptm.finetuning.model import FinetunedModel
    from kptm.finetuning.prediction import LabelledSpan, Prediction
    from kptm.finetuning.report import FinetuneReport, TaskScore
    from kptm.finetuning.trainer import finetune

__all__ = [
    "TASKS",
    "FinetuneConfig",
    "FinetuneReport",
    "FinetunedModel",
    "LabelledSpan",
    "Prediction",
    "TaskScore",
    "finetune",
]
_HOMES = {
    "kptm.finetuning.config": ("TASKS", "FinetuneConfig"),
    "kptm.finetuning.model": ("FinetunedModel",),
    "kptm.finetuning.prediction": ("LabelledSpan", "Prediction"),
    "kptm.finetuning.report": ("FinetuneReport", "TaskScore"),
    "kptm.finetuning.trainer": ("finetune",),
}
__getattr__ = lazy(__name__, _HOMES)
