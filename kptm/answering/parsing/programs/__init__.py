"""Builds candidate programs bottom-up from the parts of a question."""
