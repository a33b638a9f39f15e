"""Fine-tunes a fused model to classify relations, entity types, tokens or texts.

Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kptm.finetuning.config import TASKS, FinetuneConfig
    from kptm.finetuning.finetune_report import FinetuneReport, TaskPoint, TaskScore
    from kptm.finetuning.finetuned_model import FinetunedModel
    from kptm.finetuning.finetuning_run import finetune
    from kptm.finetuning.prediction import LabelledSpan, TaskPrediction
    from kptm.finetuning.task_rows import TaskRow

__all__ = [
    "TASKS",
    "FinetuneConfig",
    "FinetuneReport",
    "FinetunedModel",
    "LabelledSpan",
    "TaskPoint",
    "TaskPrediction",
    "TaskRow",
    "TaskScore",
    "finetune",
]
_HOMES = {
    "kptm.finetuning.config": ("FinetuneConfig", "TASKS"),
    "kptm.finetuning.finetune_report": ("FinetuneReport", "TaskPoint", "TaskScore"),
    "kptm.finetuning.finetuned_model": ("FinetunedModel",),
    "kptm.finetuning.finetuning_run": ("finetune",),
    "kptm.finetuning.prediction": ("LabelledSpan", "TaskPrediction"),
    "kptm.finetuning.task_rows": ("TaskRow",),
}
__getattr__, __dir__ = lazy(__name__, _HOMES)
