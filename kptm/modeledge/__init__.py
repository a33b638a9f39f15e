"""Modeledge: what a model knows as vectors in SQL, with indexes by FAISS derived from them.

Names are loaded when first used: a store is opened and searched without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kptm.modeledge.choice import IndexConfig
    from kptm.modeledge.conflicts import Conflict
    from kptm.modeledge.interpolation import Interpolation
    from kptm.modeledge.merging import MergeReport
    from kptm.modeledge.moving import Migration, MigrationReport
    from kptm.modeledge.recalling import Recalled
    from kptm.modeledge.receipts import AnswerChange, Receipt
    from kptm.modeledge.records import Entry, Hit, Record, Where
    from kptm.modeledge.store import Modeledge
    from kptm.modeledge.writing import Cloze

__all__ = [
    "AnswerChange",
    "Cloze",
    "Conflict",
    "Entry",
    "Hit",
    "IndexConfig",
    "Interpolation",
    "MergeReport",
    "Migration",
    "MigrationReport",
    "Modeledge",
    "Recalled",
    "Receipt",
    "Record",
    "Where",
]
_HOMES = {
    "kptm.modeledge.choice": ("IndexConfig",),
    "kptm.modeledge.conflicts": ("Conflict",),
    "kptm.modeledge.interpolation": ("Interpolation",),
    "kptm.modeledge.merging": ("MergeReport",),
    "kptm.modeledge.moving": ("Migration", "MigrationReport"),
    "kptm.modeledge.recalling": ("Recalled",),
    "kptm.modeledge.receipts": ("AnswerChange", "Receipt"),
    "kptm.modeledge.records": ("Entry", "Hit", "Record", "Where"),
    "kptm.modeledge.store": ("Modeledge",),
    "kptm.modeledge.writing": ("Cloze",),
}
__getattr__ = lazy(__name__, _HOMES)
