"""Names: validity, folding, languages, and resolution to keys."""
