"""The rows of an untyped graph: what kinds there are, and the nouns for them."""
