"""Queries: facts, patterns, names, paths, history, and statistics of relations."""
