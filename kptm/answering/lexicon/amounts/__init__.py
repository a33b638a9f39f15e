"""Finds numbers, quantities and times in a question."""
