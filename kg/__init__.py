"""kg: a knowledge graph in SQL, with aliases, history and PyKEEN embeddings.

Names are loaded when first used, so that ``import kg`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kg.embedding import EntityEmbeddings, KGEConfig, RankReport, train_embeddings
    from kg.errors import (
        EmbeddingError,
        EmbeddingMismatchError,
        InvalidNameError,
        KGError,
        QueryError,
        StoreError,
        TripleFormatError,
        UnknownKeyError,
    )
    from kg.formats import from_networkx, from_pandas
    from kg.graph import KnowledgeGraph
    from kg.types import (
        Attested,
        Attribute,
        Candidate,
        Change,
        Description,
        Entity,
        EntityRecord,
        ExportReport,
        Literal,
        LoadReport,
        PurgeReport,
        Qualifier,
        Record,
        Relation,
        Revision,
        Statement,
        Triple,
    )
    from kg.view import GraphView

_HOMES = {
    "kg.embedding": (
        "EntityEmbeddings",
        "KGEConfig",
        "RankReport",
        "train_embeddings",
    ),
    "kg.errors": (
        "EmbeddingError",
        "EmbeddingMismatchError",
        "InvalidNameError",
        "KGError",
        "QueryError",
        "StoreError",
        "TripleFormatError",
        "UnknownKeyError",
    ),
    "kg.formats": (
        "from_networkx",
        "from_pandas",
    ),
    "kg.graph": ("KnowledgeGraph",),
    "kg.types": (
        "Attested",
        "Attribute",
        "Candidate",
        "Change",
        "Description",
        "Entity",
        "EntityRecord",
        "ExportReport",
        "Literal",
        "LoadReport",
        "PurgeReport",
        "Qualifier",
        "Record",
        "Relation",
        "Revision",
        "Statement",
        "Triple",
    ),
    "kg.view": ("GraphView",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Attested",
    "Attribute",
    "Candidate",
    "Change",
    "Description",
    "EmbeddingError",
    "EmbeddingMismatchError",
    "Entity",
    "EntityEmbeddings",
    "EntityRecord",
    "ExportReport",
    "GraphView",
    "InvalidNameError",
    "KGEConfig",
    "KGError",
    "KnowledgeGraph",
    "Literal",
    "LoadReport",
    "PurgeReport",
    "Qualifier",
    "QueryError",
    "RankReport",
    "Record",
    "Relation",
    "Revision",
    "Statement",
    "StoreError",
    "Triple",
    "TripleFormatError",
    "UnknownKeyError",
    "from_networkx",
    "from_pandas",
    "train_embeddings",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
