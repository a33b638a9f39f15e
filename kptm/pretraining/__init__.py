"""Pretraining with fusion, on ``transformers.Trainer``.

Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kptm.pretraining.config import PretrainConfig
    from kptm.pretraining.pretrain_report import LossPoint, PretrainReport
    from kptm.pretraining.pretraining_run import pretrain

__all__ = ["LossPoint", "PretrainConfig", "PretrainReport", "pretrain"]
_HOMES = {
    "kptm.pretraining.config": ("PretrainConfig",),
    "kptm.pretraining.pretrain_report": ("LossPoint", "PretrainReport"),
    "kptm.pretraining.pretraining_run": ("pretrain",),
}
__getattr__, __dir__ = lazy(__name__, _HOMES)
