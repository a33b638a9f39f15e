"""Reads a question: finds the possible meanings of its tokens."""
