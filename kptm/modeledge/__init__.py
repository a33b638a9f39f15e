"""Modeledge: what a model knows as vectors in SQL, with indexes by FAISS derived from them.

Names are loaded when first used: a store is opened and searched without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kptm.modeledge.encode.encode_texts import Cloze
    from kptm.modeledge.knn.interpolation import Interpolation
    from kptm.modeledge.recall import Recalled
    from kptm.modeledge.records import Entry, Hit, Record, RecordFilter
    from kptm.modeledge.sql.receipts import AnswerChange, Receipt
    from kptm.modeledge.store import Modeledge
    from kptm.modeledge.transfer.conflicts import Conflict
    from kptm.modeledge.transfer.merge import MergeReport
    from kptm.modeledge.transfer.migrate import Migration, MigrationReport
    from kptm.modeledge.vector_index.index_choice import IndexConfig

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
    "RecordFilter",
]
_HOMES = {
    "kptm.modeledge.vector_index.index_choice": ("IndexConfig",),
    "kptm.modeledge.transfer.conflicts": ("Conflict",),
    "kptm.modeledge.knn.interpolation": ("Interpolation",),
    "kptm.modeledge.transfer.merge": ("MergeReport",),
    "kptm.modeledge.transfer.migrate": ("Migration", "MigrationReport"),
    "kptm.modeledge.recall": ("Recalled",),
    "kptm.modeledge.sql.receipts": ("AnswerChange", "Receipt"),
    "kptm.modeledge.records": ("Entry", "Hit", "Record", "RecordFilter"),
    "kptm.modeledge.store": ("Modeledge",),
    "kptm.modeledge.encode.encode_texts": ("Cloze",),
}
__getattr__ = lazy(__name__, _HOMES)
