"""Reads answers in passages, by a model that is fitted on the graph's facts in these texts.

Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kptm.passages.reader.answer_pairs import Row, TopicStep
    from kptm.passages.reader.mention_words import MentionSense, PassageMention, ReadPassage
    from kptm.passages.reader.passage_reader import AnswerPlace, ReadAnswer, Reader
    from kptm.passages.reader.reader_model import HeldOutAnswer, ReaderModel

__all__ = [
    "AnswerPlace",
    "HeldOutAnswer",
    "MentionSense",
    "PassageMention",
    "ReadAnswer",
    "ReadPassage",
    "Reader",
    "ReaderModel",
    "Row",
    "TopicStep",
]
_HOMES = {
    "kptm.passages.reader.answer_pairs": ("TopicStep", "Row"),
    "kptm.passages.reader.mention_words": ("PassageMention", "ReadPassage", "MentionSense"),
    "kptm.passages.reader.passage_reader": ("AnswerPlace", "ReadAnswer", "Reader"),
    "kptm.passages.reader.reader_model": ("HeldOutAnswer", "ReaderModel"),
}
__getattr__, __dir__ = lazy(__name__, _HOMES)
