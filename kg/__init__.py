"""kg: a knowledge graph in SQL, with aliases, history and PyKEEN embeddings.

Names are loaded when first used, so that ``import kg`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kg.candidates import CandidateTable
    from kg.embedding import EntityEmbeddings, KGEConfig, RankReport, train_embeddings
    from kg.errors import (
        EmbeddingError,
        EmbeddingMismatchError,
        InvalidNameError,
        KGError,
        StoreError,
        TripleFormatError,
        UnknownKeyError,
    )
    from kg.graph import KnowledgeGraph
    from kg.types import Candidate, Entity, EntityRecord, LoadReport, Relation, Revision, Triple

_HOMES = {
    "kg.candidates": ("CandidateTable",),
    "kg.embedding": ("EntityEmbeddings", "KGEConfig", "RankReport", "train_embeddings"),
    "kg.errors": (
        "EmbeddingError",
        "EmbeddingMismatchError",
        "InvalidNameError",
        "KGError",
        "StoreError",
        "TripleFormatError",
        "UnknownKeyError",
    ),
    "kg.graph": ("KnowledgeGraph",),
    "kg.types": (
        "Candidate",
        "Entity",
        "EntityRecord",
        "LoadReport",
        "Relation",
        "Revision",
        "Triple",
    ),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Candidate",
    "CandidateTable",
    "EmbeddingError",
    "EmbeddingMismatchError",
    "Entity",
    "EntityEmbeddings",
    "EntityRecord",
    "InvalidNameError",
    "KGEConfig",
    "KGError",
    "KnowledgeGraph",
    "LoadReport",
    "RankReport",
    "Relation",
    "Revision",
    "StoreError",
    "Triple",
    "TripleFormatError",
    "UnknownKeyError",
    "train_embeddings",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
