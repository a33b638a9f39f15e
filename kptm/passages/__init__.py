"""Passages: the sentences of indexed texts in SQL, with what they link to and an index of their words; no model is needed."""

from __future__ import annotations

from kptm.passages.config import TextsConfig
from kptm.passages.passage_records import EntityLink, Passage, Written
from kptm.passages.passage_store import Passages

__all__ = ["EntityLink", "Passage", "Passages", "TextsConfig", "Written"]
