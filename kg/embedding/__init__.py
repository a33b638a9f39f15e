"""Embeddings of a graph: trained by PyKEEN, kept as safetensors, tied to the graph they came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kg.embedding.config import KGEConfig
    from kg.embedding.embeddings import EntityEmbeddings
    from kg.embedding.files.foreign_vectors import read_vectors
    from kg.embedding.ranking import RankReport
    from kg.embedding.training.refit import refitted
    from kg.embedding.training.train import train_embeddings

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
    "kg.embedding.ranking": ("RankReport",),
    "kg.embedding.files.foreign_vectors": ("read_vectors",),
    "kg.embedding.training.refit": ("refitted",),
    "kg.embedding.embeddings": ("EntityEmbeddings",),
    "kg.embedding.training.train": ("train_embeddings",),
}
__getattr__ = lazy(__name__, _HOMES)
