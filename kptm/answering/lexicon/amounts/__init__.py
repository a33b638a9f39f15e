"""Numbers, quantities and times in a question."""
