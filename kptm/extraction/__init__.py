"""Extracts facts from texts: the relations that a sentence states between its mentions.

Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kptm.extraction.candidates.pair_knowledge import PairKnowledge
    from kptm.extraction.candidates.text_mentions import MentionKind, TextMention
    from kptm.extraction.extractor import Extractor, StatedFact
    from kptm.extraction.fitting.extractor_learning import LearningReport
    from kptm.extraction.propose import ExtractionReport
    from kptm.extraction.scores import ExtractionScores

__all__ = [
    "ExtractionReport",
    "ExtractionScores",
    "Extractor",
    "LearningReport",
    "MentionKind",
    "PairKnowledge",
    "StatedFact",
    "TextMention",
]
_HOMES = {
    "kptm.extraction.candidates.pair_knowledge": ("PairKnowledge",),
    "kptm.extraction.candidates.text_mentions": ("TextMention", "MentionKind"),
    "kptm.extraction.extractor": ("Extractor", "StatedFact"),
    "kptm.extraction.fitting.extractor_learning": ("LearningReport",),
    "kptm.extraction.propose": ("ExtractionReport",),
    "kptm.extraction.scores": ("ExtractionScores",),
}
__getattr__, __dir__ = lazy(__name__, _HOMES)
