"""Queries: facts, patterns, names, paths, history, and counts of what facts have in common."""
