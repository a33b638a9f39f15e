"""Trains the parser on answered questions."""
