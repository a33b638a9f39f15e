"""Measuring: facts with control arms, linking, and intervals for every figure."""

from kptm.evaluation.arms import ARMS, ArmStudy, StudyConfig
from kptm.evaluation.intervals import Interval, interval, paired_interval
from kptm.evaluation.probing import Probe, ask_model, make_probes

__all__ = [
    "ARMS",
    "ArmStudy",
    "Interval",
    "Probe",
    "StudyConfig",
    "ask_model",
    "interval",
    "make_probes",
    "paired_interval",
]
