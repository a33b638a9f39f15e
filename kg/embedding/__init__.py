"""Embeddings of a graph: trained by PyKEEN, kept as safetensors, tied to the graph they came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kg.embedding.config import KGEConfig
    from kg.embedding.evaluate import RankReport
    from kg.embedding.importing import read_vectors
    from kg.embedding.refitting import refitted
    from kg.embedding.table import EntityEmbeddings
    from kg.embedding.train import train_embeddings

__all__ = [
    "EntityEmbeddings",
    "KGEConfig",
    "RankReport",
    "read_vectors",
    "refitted",
    "train_embeddings",
]
_HOMES = {
    "kg.embedding.config": ("KGEConfig",),
    "kg.embedding.evaluate": ("RankReport",),
    "kg.embedding.importing": ("read_vectors",),
    "kg.embedding.refitting": ("refitted",),
    "kg.embedding.table": ("EntityEmbeddings",),
    "kg.embedding.train": ("train_embeddings",),
}
__getattr__ = lazy(__name__, _HOMES)
