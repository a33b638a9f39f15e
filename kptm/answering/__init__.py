"""Answers: facts asked by name, in a cloze or in words, each with its evidence or an honest "unknown".

Names are loaded when first used: a graph without a model is asked without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kptm.answering.answer import Answer, Evidence, NearReading, ScoredEntity, WordMeaning
    from kptm.answering.conversation import Conversation
    from kptm.answering.predictor import Predictor

__all__ = [
    "Answer", "Conversation", "Evidence", "NearReading", "Predictor", "ScoredEntity", "WordMeaning",
]  # fmt: skip
_HOMES = {
    "kptm.answering.answer": ("Answer", "Evidence", "NearReading", "ScoredEntity", "WordMeaning"),
    "kptm.answering.conversation": ("Conversation",),
    "kptm.answering.predictor": ("Predictor",),
}
__getattr__ = lazy(__name__, _HOMES)
