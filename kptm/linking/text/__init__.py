"""Text processing of linking: character folding, offsets, passages, case."""
