"""Training of the parser on answered questions."""
