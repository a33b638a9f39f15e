"""Names: which the store takes, how they are folded, which language is shown, what a person means."""
