"""Engines that store and search vectors: FAISS in this process, Qdrant, pgvector."""
