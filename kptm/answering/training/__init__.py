"""Learning from answered questions."""
