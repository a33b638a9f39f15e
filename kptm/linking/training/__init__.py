"""Fits the coefficients of disambiguation, and counts links."""
