"""Names: which the store accepts, their folding, the language shown, what a person means."""
