"""Fine-tuning a fused model for relations, types, tokens and texts, on ``transformers.Trainer``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kptm.finetuning.config import TASKS, FinetuneConfig
    from kptm.finetuning.finetune_report import FinetuneReport, TaskScore
    from kptm.finetuning.finetuned_model import FinetunedModel
    from kptm.finetuning.finetuning_run import finetune
    from kptm.finetuning.prediction import LabelledSpan, Prediction

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
    "kptm.finetuning.finetuned_model": ("FinetunedModel",),
    "kptm.finetuning.prediction": ("LabelledSpan", "Prediction"),
    "kptm.finetuning.finetune_report": ("FinetuneReport", "TaskScore"),
    "kptm.finetuning.finetuning_run": ("finetune",),
}
__getattr__ = lazy(__name__, _HOMES)
