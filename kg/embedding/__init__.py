"""Embeddings of a graph: trained by PyKEEN, stored as safetensors, bound to their graph.

Names are loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kg.embedding.calibration import BestAnswer, Calibration
    from kg.embedding.config import KGEConfig
    from kg.embedding.embeddings import EntityEmbeddings
    from kg.embedding.files.foreign_vectors import read_vectors
    from kg.embedding.prediction import Prediction
    from kg.embedding.ranking import RankReport, Ranks
    from kg.embedding.training.extension import Staleness
    from kg.embedding.training.refit import refit
    from kg.embedding.training.scorer import Scorer
    from kg.embedding.training.state import Epoch
    from kg.embedding.training.train import train_embeddings

__all__ = [
    "BestAnswer",
    "Calibration",
    "EntityEmbeddings",
    "Epoch",
    "KGEConfig",
    "Prediction",
    "RankReport",
    "Ranks",
    "Scorer",
    "Staleness",
    "read_vectors",
    "refit",
    "train_embeddings",
]
_HOMES = {
    "kg.embedding.calibration": ("BestAnswer", "Calibration"),
    "kg.embedding.config": ("KGEConfig",),
    "kg.embedding.embeddings": ("EntityEmbeddings",),
    "kg.embedding.files.foreign_vectors": ("read_vectors",),
    "kg.embedding.prediction": ("Prediction",),
    "kg.embedding.ranking": ("RankReport", "Ranks"),
    "kg.embedding.training.extension": ("Staleness",),
    "kg.embedding.training.refit": ("refit",),
    "kg.embedding.training.scorer": ("Scorer",),
    "kg.embedding.training.state": ("Epoch",),
    "kg.embedding.training.train": ("train_embeddings",),
}
__getattr__, __dir__ = lazy(__name__, _HOMES)
