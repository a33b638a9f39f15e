"""From linked texts and facts to vectors, at first and again by another model."""
