"""Reading answers out of passages: a model fitted on the graph's own facts in its own texts.

Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kptm.passages.reader.answer_pairs import Question, Row
    from kptm.passages.reader.mention_words import Mention, ReadPassage, Sense
    from kptm.passages.reader.passage_reader import Place, ReadAnswer, Reader
    from kptm.passages.reader.reader_model import HeldOut, ReaderModel

__all__ = [
    "HeldOut",
    "Mention",
    "Place",
    "Question",
    "ReadAnswer",
    "ReadPassage",
    "Reader",
    "ReaderModel",
    "Row",
    "Sense",
]
_HOMES = {
    "kptm.passages.reader.answer_pairs": ("Question", "Row"),
    "kptm.passages.reader.mention_words": ("Mention", "ReadPassage", "Sense"),
    "kptm.passages.reader.passage_reader": ("Place", "ReadAnswer", "Reader"),
    "kptm.passages.reader.reader_model": ("HeldOut", "ReaderModel"),
}
__getattr__, __dir__ = lazy(__name__, _HOMES)
