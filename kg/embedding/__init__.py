"""Embeddings of a graph: trained by PyKEEN, kept as safetensors, tied to the graph they came from."""

from kg.embedding.config import KGEConfig
from kg.embedding.evaluate import RankReport
from kg.embedding.table import EntityEmbeddings
from kg.embedding.train import train_embeddings

__all__ = ["EntityEmbeddings", "KGEConfig", "RankReport", "train_embeddings"]
