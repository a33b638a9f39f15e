"""Pretraining with fusion, on ``transformers.Trainer``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kptm.pretraining.config import PretrainConfig
    from kptm.pretraining.report import PretrainReport
    from kptm.pretraining.run import pretrain

__all__ = ["PretrainConfig", "PretrainReport", "pretrain"]
_HOMES = {
    "kptm.pretraining.config": ("PretrainConfig",),
    "kptm.pretraining.report": ("PretrainReport",),
    "kptm.pretraining.run": ("pretrain",),
}
__getattr__ = lazy(__name__, _HOMES)
