"""Combines neighbours with a model's prediction (kNN-LM): relevance, weights, tokens."""
