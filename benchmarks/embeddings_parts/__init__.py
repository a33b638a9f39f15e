"""Parts of embeddings.py."""
