"""Proposed facts and the decisions on them."""
