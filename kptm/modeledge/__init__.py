"""Modeledge: what a model knows as vectors in SQL, with indexes by FAISS derived from them.

Names are loaded when first used: a store is opened and searched without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kptm.modeledge.encode.encode_texts import Cloze
    from kptm.modeledge.engines.engine_config import EngineConfig
    from kptm.modeledge.engines.vector_engine import VectorEngine
    from kptm.modeledge.knn.interpolation import Interpolation
    from kptm.modeledge.knn.interpolation_fit import HeldOutQuestion
    from kptm.modeledge.recall import Recalled
    from kptm.modeledge.records import Entry, Hit, Record, RecordFilter
    from kptm.modeledge.sql.receipts import AnswerChange, Receipt
    from kptm.modeledge.sql.spaces import VectorSpace
    from kptm.modeledge.store import Modeledge
    from kptm.modeledge.transfer.agreement import Agreement
    from kptm.modeledge.transfer.conflicts import MergeConflict
    from kptm.modeledge.transfer.merge import MergeReport
    from kptm.modeledge.transfer.migrate import Migration, MigrationReport
    from kptm.modeledge.vector_index.approximate_index import ApproximateIndex
    from kptm.modeledge.vector_index.build_index import Built
    from kptm.modeledge.vector_index.cached_index import CachedIndex
    from kptm.modeledge.vector_index.consistency import SpaceCheck
    from kptm.modeledge.vector_index.flat_index import FlatIndex
    from kptm.modeledge.vector_index.index_choice import IndexConfig
    from kptm.modeledge.vector_index.index_protocol import Allowed, VectorIndex

__all__ = [
    "Agreement",
    "Allowed",
    "AnswerChange",
    "ApproximateIndex",
    "Built",
    "CachedIndex",
    "Cloze",
    "EngineConfig",
    "Entry",
    "FlatIndex",
    "HeldOutQuestion",
    "Hit",
    "IndexConfig",
    "Interpolation",
    "MergeConflict",
    "MergeReport",
    "Migration",
    "MigrationReport",
    "Modeledge",
    "Recalled",
    "Receipt",
    "Record",
    "RecordFilter",
    "SpaceCheck",
    "VectorEngine",
    "VectorIndex",
    "VectorSpace",
]
_HOMES = {
    "kptm.modeledge.encode.encode_texts": ("Cloze",),
    "kptm.modeledge.engines.engine_config": ("EngineConfig",),
    "kptm.modeledge.engines.vector_engine": ("VectorEngine",),
    "kptm.modeledge.knn.interpolation": ("Interpolation",),
    "kptm.modeledge.knn.interpolation_fit": ("HeldOutQuestion",),
    "kptm.modeledge.recall": ("Recalled",),
    "kptm.modeledge.records": ("Entry", "Hit", "Record", "RecordFilter"),
    "kptm.modeledge.sql.receipts": ("AnswerChange", "Receipt"),
    "kptm.modeledge.sql.spaces": ("VectorSpace",),
    "kptm.modeledge.store": ("Modeledge",),
    "kptm.modeledge.transfer.agreement": ("Agreement",),
    "kptm.modeledge.transfer.conflicts": ("MergeConflict",),
    "kptm.modeledge.transfer.merge": ("MergeReport",),
    "kptm.modeledge.transfer.migrate": ("Migration", "MigrationReport"),
    "kptm.modeledge.vector_index.approximate_index": ("ApproximateIndex",),
    "kptm.modeledge.vector_index.build_index": ("Built",),
    "kptm.modeledge.vector_index.cached_index": ("CachedIndex",),
    "kptm.modeledge.vector_index.consistency": ("SpaceCheck",),
    "kptm.modeledge.vector_index.flat_index": ("FlatIndex",),
    "kptm.modeledge.vector_index.index_choice": ("IndexConfig",),
    "kptm.modeledge.vector_index.index_protocol": ("Allowed", "VectorIndex"),
}
__getattr__, __dir__ = lazy(__name__, _HOMES)
