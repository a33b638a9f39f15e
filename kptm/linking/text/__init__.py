"""Characters and passages: folding, offsets, case."""
