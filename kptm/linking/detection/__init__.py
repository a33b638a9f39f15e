"""Mention detection: spans of passages that are names, and the candidates of each."""
