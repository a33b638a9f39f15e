"""Pretraining with fusion, on ``transformers.Trainer``."""

from kptm.pretraining.config import PretrainConfig
from kptm.pretraining.report import PretrainReport
from kptm.pretraining.trainer import pretrain

__all__ = ["PretrainConfig", "PretrainReport", "pretrain"]
