"""Features of candidate programs: what they explain of a question, and whether they answer it."""
