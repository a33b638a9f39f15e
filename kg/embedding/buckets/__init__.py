"""Embeddings larger than memory: partitions of the entities on disk, two of them in memory.

This is the scheme of PyTorch-BigGraph (Lerer et al. 2019).
"""

from kg.embedding.buckets.bucket_embeddings import bucket_embeddings
from kg.embedding.buckets.bucket_training import BucketTraining
from kg.embedding.buckets.sampled_ranks import SampledMRR, sampled_mrr
from kg.embedding.buckets.train_on_disk import train_on_disk
from kg.embedding.buckets.triple_buckets import TripleBuckets

__all__ = [
    "BucketTraining",
    "SampledMRR",
    "TripleBuckets",
    "bucket_embeddings",
    "sampled_mrr",
    "train_on_disk",
]
