"""Answers queries by name, clozes and questions, with evidence or an honest "unknown".

The names below are imported on first use, so that asking a graph without a model does not import
torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kptm.answering.answer import Answer
    from kptm.answering.answer_parts import (
        Conflict,
        Evidence,
        NearReading,
        ScoredEntity,
        Sense,
        Span,
        WordMeaning,
    )
    from kptm.answering.combination.combiner import LogLinearPool
    from kptm.answering.combination.p_calibration import Curve, ProbabilityCalibration
    from kptm.answering.combination.source_weights import SourceWeights
    from kptm.answering.conversation import Conversation
    from kptm.answering.predictor import Predictor
    from kptm.answering.settings import AnsweringConfig
    from kptm.answering.sources.module_choice import ModuleChoice
    from kptm.answering.sources.source import SourceScores
    from kptm.answering.training.lessons import LearnReport, Unused

__all__ = [
    "Answer",
    "AnsweringConfig",
    "Conflict",
    "Conversation",
    "Curve",
    "Evidence",
    "LearnReport",
    "LogLinearPool",
    "ModuleChoice",
    "NearReading",
    "Predictor",
    "ProbabilityCalibration",
    "ScoredEntity",
    "Sense",
    "SourceScores",
    "SourceWeights",
    "Span",
    "Unused",
    "WordMeaning",
]
_HOMES = {
    "kptm.answering.answer": ("Answer",),
    "kptm.answering.answer_parts": (
        "Conflict",
        "Evidence",
        "NearReading",
        "ScoredEntity",
        "Sense",
        "Span",
        "WordMeaning",
    ),
    "kptm.answering.combination.combiner": ("LogLinearPool",),
    "kptm.answering.combination.p_calibration": ("ProbabilityCalibration", "Curve"),
    "kptm.answering.combination.source_weights": ("SourceWeights",),
    "kptm.answering.conversation": ("Conversation",),
    "kptm.answering.predictor": ("Predictor",),
    "kptm.answering.settings": ("AnsweringConfig",),
    "kptm.answering.sources.module_choice": ("ModuleChoice",),
    "kptm.answering.sources.source": ("SourceScores",),
    "kptm.answering.training.lessons": ("LearnReport", "Unused"),
}
__getattr__, __dir__ = lazy(__name__, _HOMES)
