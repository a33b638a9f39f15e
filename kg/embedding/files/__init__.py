"""Embeddings on disk: vectors, the rows of keys, checksums, and vectors from elsewhere."""
