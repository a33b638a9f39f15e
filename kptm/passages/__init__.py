"""Passages: sentences of indexed texts in SQL, with links and a word index, without a model."""

from __future__ import annotations

from kptm.passages.config import TextsConfig
from kptm.passages.passage_records import EntityLink, Passage, Written
from kptm.passages.passage_store import Passages

__all__ = ["EntityLink", "Passage", "Passages", "TextsConfig", "Written"]
