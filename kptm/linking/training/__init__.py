"""Fitting the coefficients, and counting links."""
