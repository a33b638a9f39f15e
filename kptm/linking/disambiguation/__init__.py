"""Disambiguation: features, coefficients and probabilities of a mention's candidates."""
