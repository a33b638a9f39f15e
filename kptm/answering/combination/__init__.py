"""Combines the p of several sources into one, calibrated on held-out questions."""
