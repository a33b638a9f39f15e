"""Combines the p of several sources into one p, which is calibrated on held-out questions."""
