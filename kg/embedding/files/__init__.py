"""Embeddings on disk: vectors, the row of each key, checksums, and files of other tools."""
