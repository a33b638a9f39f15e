"""Fitting the parser to answered questions."""
