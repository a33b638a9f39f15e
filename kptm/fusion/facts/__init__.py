"""Facts that a model reads as keys and values, and the facts that an answer cites."""
