"""Evaluation of fusion (with control arms), linking and answers, with intervals."""

from kptm.evaluation.fusion.fact_probing import Probe, ask_model, make_probes
from kptm.evaluation.fusion.study_arms import ARMS, ArmStudy, StudyConfig
from kptm.evaluation.statistics import Interval, interval, paired_interval

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
