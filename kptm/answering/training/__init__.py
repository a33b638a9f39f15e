"""Trains the parser and the weights of the sources from answered questions."""
