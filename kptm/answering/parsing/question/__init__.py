"""Reads a question: the possible meanings of its tokens."""
