"""Searches vectors, exactly or by FAISS; caches the indexes in memory and in snapshots on disk."""
