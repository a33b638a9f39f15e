"""Search: exact or by FAISS, indexes derived from the rows, cached in memory and in snapshots."""
