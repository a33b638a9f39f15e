"""Compares questions with relations by the vectors of a sentence encoder."""
