"""Neighbours beside a model (kNN-LM): which of them are relevant, how much they weigh, tokens."""
