"""Training from answered questions."""
