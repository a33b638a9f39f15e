"""Finds entities that are the same thing under two names.

names ─► blocking keys ─► pairs ─► names, types, facts, vectors compared ─► p, with evidence
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kptm.duplicates.duplicate_model import DuplicateModel
    from kptm.duplicates.finder import DuplicateFinder, DuplicatePair, HasVectors

__all__ = ["DuplicateFinder", "DuplicateModel", "DuplicatePair", "HasVectors"]
_HOMES = {
    "kptm.duplicates.duplicate_model": ("DuplicateModel",),
    "kptm.duplicates.finder": ("DuplicateFinder", "DuplicatePair", "HasVectors"),
}
__getattr__, __dir__ = lazy(__name__, _HOMES)
